using Ebb.Cli.Clusters;
using Ebb.Tests.Cli.Definition;

namespace Ebb.Tests.Cli.Clusters;

public sealed class LogTailTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly StringWriter _out = new();

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
        var tail = LogTail.PrintAsync(Log, 10, follow: true, TextWriter.Synchronized(_out), TimeProvider.System, stop.Token);

        await File.AppendAllTextAsync(Log, "two\n", Ct);
        while (!_out.ToString().Contains("two", StringComparison.Ordinal))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Ct);
        }

        await stop.CancelAsync();
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
}
