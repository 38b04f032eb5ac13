using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.ControlPlane.Supervising;
using Ebb.Cli.Sandboxes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.ControlPlane.Supervising;

/// <summary>With small scripts in the place of components: how a process begins and ends is the system's doing, and is not to be imitated.</summary>
public sealed class SupervisorTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly string _directory = Directory.CreateTempSubdirectory("ebb-supervise-").FullName;
    private Supervisor? _supervisor;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_component_that_cannot_start_says_why()
    {
        var supervisor = Supervise("echo unknown flag: --wrong >&2; exit 1");

        var e = await Assert.ThrowsAsync<IOException>(() => supervisor.StartAsync(StartStage.Api, Soon, Ct));

        Assert.Contains("part cannot start: it ended with exit code 1, saying: unknown flag: --wrong.", e.Message, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(_directory, "part.log"), e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_does_not_come_to_work_in_time_is_named()
    {
        var supervisor = Supervise("exec sleep 60");

        var e = await Assert.ThrowsAsync<TimeoutException>(() => supervisor.StartAsync(StartStage.Api, TimeSpan.FromMilliseconds(300), Ct));

        Assert.StartsWith("part did not work within", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_is_missing_is_named_at_once()
    {
        var supervisor = Supervise("");
        File.Delete(Path.Combine(_directory, "part"));

        var e = await Assert.ThrowsAsync<EbbException>(() => supervisor.StartAsync(StartStage.Api, Soon, Ct));

        Assert.Contains("no part in", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_it_needs_and_that_is_not_there_is_named()
    {
        var supervisor = Supervise("exec sleep 60", needs: "/nowhere/ca.crt");

        var e = await Assert.ThrowsAsync<IOException>(() => supervisor.StartAsync(StartStage.Api, Soon, Ct));

        Assert.Contains("part cannot start: it needs /nowhere/ca.crt, which is not there.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_ignores_the_request_to_end_is_ended()
    {
        var mark = await LeftAsync("trap '' TERM; echo up; while :; do sleep 0.1; done");

        await ComponentProcess.StopAsync(mark, TimeSpan.FromMilliseconds(100), TimeProvider.System);

        Assert.False(mark.Alive());
    }

    [Fact]
    public async Task What_an_earlier_one_left_is_known_by_its_mark_and_ended()
    {
        var mark = await LeftAsync("echo up; exec sleep 60");
        await File.WriteAllTextAsync(Path.Combine(_directory, "old.mark"), "another-boot 1 (x) S 1 1", Ct);
        await File.WriteAllTextAsync(Path.Combine(_directory, "half.mark"), "another-b", Ct);

        Assert.Equal([mark], Leftovers.Find(_directory));
        Assert.Equal(1, await Leftovers.EndAsync(_directory, TimeProvider.System));

        Assert.False(mark.Alive());
        Assert.Empty(Directory.EnumerateFiles(_directory, "*.mark"));
    }

    [Fact]
    public async Task A_terminal_s_Ctrl_C_does_not_reach_it()
    {
        var mark = await LeftAsync("echo up; exec sleep 60");

        var session = (await File.ReadAllTextAsync($"/proc/{mark.Id}/stat", Ct)).Split(") ")[1].Split(' ')[3];

        Assert.Equal($"{mark.Id}", session);
        await ComponentProcess.StopAsync(mark, TimeSpan.Zero, TimeProvider.System);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_supervisor is not null)
        {
            await _supervisor.DisposeAsync();
        }

        await Leftovers.EndAsync(_directory, TimeProvider.System);
        Directory.Delete(_directory, recursive: true);
    }

    private Supervisor Supervise(string script, params string[] needs)
    {
        var spec = Script(script) with { Files = [.. needs] };
        var launching = new Launching(new Binaries(_directory), [], null, _directory, _directory);
        return _supervisor = new Supervisor([spec], launching, TimeProvider.System, new Random(1), NullLoggerFactory.Instance);
    }

    private ComponentSpec Script(string script)
    {
        var path = Path.Combine(_directory, "part");
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new ComponentSpec
        {
            Name = "part",
            Binary = "part",
            Version = new ReleaseVersion(1, 20, 2),
            Arguments = [],
            Files = [],
            Ports = [],
            Stage = StartStage.Api,
            // Nothing listens there.
            Health = new HealthProbe("127.0.0.1", 1, "/", null, null, null, null),
        };
    }

    /// <summary>One whose starter has gone: it says that it is up, and nobody looks after it.</summary>
    private async Task<ProcessMark> LeftAsync(string script)
    {
        var log = Path.Combine(_directory, "part.log");
        ComponentProcess.Start(Script(script), Path.Combine(_directory, "part"), [], _directory, log).Dispose();
        var started = TimeProvider.System.GetTimestamp();
        while (new ComponentLog(log).Tail() is not [.., "up"])
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Soon);
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Ct);
        }

        return Assert.IsType<ProcessMark>(ProcessMark.Parse(await File.ReadAllTextAsync(ComponentProcess.MarkFile(_directory, "part"), Ct)));
    }
}
