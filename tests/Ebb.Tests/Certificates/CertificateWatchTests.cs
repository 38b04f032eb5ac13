using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using Ebb.Controller.Certificates;
using Ebb.Kubernetes;
using Ebb.Simulation;
using Ebb.Tests.Joining.Lab;
using Microsoft.Extensions.Logging;

namespace Ebb.Tests.Certificates;

public sealed class CertificateWatchTests : IDisposable
{
    private readonly VirtualTime _time = new(new DateTimeOffset(2029, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly TextLoggers _loggers = new();
    private readonly ConcurrentQueue<string> _told = new();
    private volatile int _looked;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _loggers.Dispose();

    [Fact]
    public async Task From_two_months_before_its_end_on_it_is_said_once_a_day_in_the_log_and_to_the_cluster()
    {
        var until = _time.GetUtcNow().AddDays(61);
        await using var running = Run(Named("The join server's certificate", () => until));

        await UntilAsync(() => _looked == 1);
        for (var day = 1; day <= 4; day++)
        {
            _time.Advance(TimeSpan.FromDays(1));
            await UntilAsync(() => _told.Count >= day);
        }

        const string Notice = "The join server's certificate ends on 2029-03-03. Then. Remedy.";
        Assert.Equal(Enumerable.Repeat(Notice, 4), _told);
        Assert.Equal(4, _loggers.Text.Split("Error " + Notice).Length - 1);
    }

    [Fact]
    public async Task What_has_ended_is_said_to_have_ended_until_it_is_made_anew()
    {
        var until = _time.GetUtcNow().AddDays(-2);
        await using var running = Run(Named("It", () => until));

        await UntilAsync(() => _told.Count == 1);
        until = _time.GetUtcNow().AddDays(1095);
        for (var look = 2; look <= 3; look++)
        {
            _time.Advance(TimeSpan.FromDays(1));
            await UntilAsync(() => _looked == look);
        }

        Assert.StartsWith("It ended on 2028-12-30. ", Assert.Single(_told), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_cannot_be_read_and_a_cluster_that_takes_no_events_keep_nothing_else_from_being_said()
    {
        var until = _time.GetUtcNow().AddDays(3);
        await using var running = Run(
            message => message.StartsWith("First", StringComparison.Ordinal) ? throw new KubeException("POST events", "nobody answers") : Task.CompletedTask,
            Named("Broken", () => throw new CryptographicException("no certificate")),
            Named("First", () => until),
            Named("Second", () => until),
            Named("None", () => null));

        await UntilAsync(() => _loggers.Text.Contains("nobody answers", StringComparison.Ordinal) && _told.Count == 2);
        Assert.Equal(["First", "Second"], _told.Select(notice => notice.Split(' ')[0]));
        Assert.Contains("Broken cannot be read", _loggers.Text);
        Assert.DoesNotContain("None ", _loggers.Text);
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        while (!isSo())
        {
            Ct.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private WatchedCertificate Named(string name, Func<DateTimeOffset?> until) => new(
        name,
        _ =>
        {
            Interlocked.Increment(ref _looked);
            return ValueTask.FromResult(until());
        },
        "Then.",
        "Remedy.");

    private Running Run(params ImmutableArray<WatchedCertificate> certificates) => Run(static _ => Task.CompletedTask, certificates);

    private Running Run(Func<string, Task> tell, params ImmutableArray<WatchedCertificate> certificates)
    {
        var watch = new CertificateWatch(
            certificates,
            (notice, _) =>
            {
                _told.Enqueue(notice);
                return tell(notice);
            },
            _time,
            _loggers.CreateLogger<CertificateWatch>());
        return new Running(watch.RunAsync);
    }

    /// <summary>Until the test is over; what it threw is thrown then.</summary>
    private sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        private readonly Task _run;

        public Running(Func<CancellationToken, Task> run) => _run = run(_stop.Token);

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _run);
            _stop.Dispose();
        }
    }
}
