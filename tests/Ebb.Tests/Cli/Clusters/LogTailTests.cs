using System.Text;
using Ebb.Cli.Clusters;
using Ebb.Tests.Cli.Definition;

namespace Ebb.Tests.Cli.Clusters;

public sealed class LogTailTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Printed _out = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Log => _directory.File("host.log");

    [Theory]
    [InlineData(0, "")]
    [InlineData(2, "two\nthree\n")]
    [InlineData(100, "one\ntwo\nthree\n")]
    public async Task The_last_lines_are_printed(int lines, string printed)
    {
        await File.WriteAllTextAsync(Log, "one\ntwo\nthree\n", Ct);

        await LogTail.PrintAsync(Log, lines, follow: false, _out, TimeProvider.System, Ct);

        Assert.Equal(printed, _out.ToString());
    }

    [Fact]
    public async Task What_is_added_is_printed_until_it_is_told_to_stop()
    {
        await File.WriteAllTextAsync(Log, "one\n", Ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var tail = LogTail.PrintAsync(Log, 10, follow: true, _out, TimeProvider.System, stop.Token);

        await UntilPrintedAsync("one\n");
        await File.AppendAllTextAsync(Log, "two\n", Ct);
        await UntilPrintedAsync("one\ntwo\n");
        await stop.CancelAsync();
        await tail;

        Assert.Equal("one\ntwo\n", _out.ToString());
    }

    [Fact]
    public async Task It_ends_as_quietly_when_it_is_told_to_stop_while_it_prints()
    {
        await File.WriteAllTextAsync(Log, "one\n", Ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var tail = LogTail.PrintAsync(Log, 10, follow: true, _out, TimeProvider.System, stop.Token);
        await UntilPrintedAsync("one\n");

        _out.Wrote = stop.Cancel;
        await File.AppendAllTextAsync(Log, "two\n", Ct);
        await tail;

        Assert.Equal("one\ntwo\n", _out.ToString());
    }

    [Fact]
    public async Task A_log_that_is_not_there_is_told()
    {
        var problem = await Assert.ThrowsAsync<EbbException>(() => LogTail.PrintAsync(Log, 10, follow: false, _out, TimeProvider.System, Ct));

        Assert.Contains($"{Log} is not there", problem.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Dispose();

    private async Task UntilPrintedAsync(string text)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (_out.ToString() != text)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30), $"'{text}' was not printed, but '{_out}'.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Ct);
        }
    }

    /// <summary>What may be read while it is written to.</summary>
    private sealed class Printed : TextWriter
    {
        private readonly StringBuilder _text = new();

        /// <summary>Called at every letter.</summary>
        public Action Wrote { get; set; } = () => { };

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value)
        {
            lock (_text)
            {
                _text.Append(value);
            }

            Wrote();
        }

        public override string ToString()
        {
            lock (_text)
            {
                return _text.ToString();
            }
        }
    }
}
