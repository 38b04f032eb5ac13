using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Output;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

public class ConsentTests
{
    [Theory]
    [InlineData("y", true)]
    [InlineData("yes", true)]
    [InlineData("n", false)]
    [InlineData("", false)]
    public async Task Only_yes_is_yes(string typed, bool goes)
    {
        var asked = await Record.ExceptionAsync(() => Consent.RequireAsync("Delete it?", yes: false, Terminal(new StringReader(typed + "\n")), Ct));

        Assert.Equal(goes, asked is null);
        Assert.True(asked is null or EbbException);
    }

    [Fact]
    public async Task Where_nobody_can_answer_the_flag_is_named()
    {
        var e = await Assert.ThrowsAsync<EbbException>(() => Consent.RequireAsync("Delete it?", yes: false, Terminal(null), Ct));

        Assert.Contains("--yes", e.Message, StringComparison.Ordinal);
        await Consent.RequireAsync("Delete it?", yes: true, Terminal(null), Ct);
    }

    [Fact]
    public async Task Ctrl_C_is_an_answer_too()
    {
        using var silent = new SilentReader();
        using var ctrlC = new CancellationTokenSource();
        var terminal = Terminal(silent);

        var asked = Consent.RequireAsync("Delete it?", yes: false, terminal, ctrlC.Token);
        await ctrlC.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        Assert.EndsWith("Nothing has been changed.\n", $"{terminal.Error}", StringComparison.Ordinal);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Terminal Terminal(TextReader? input) => new(new StringWriter(), new StringWriter(), rich: false, colours: false, input);

    /// <summary>Somebody who types nothing, until the test is over.</summary>
    private sealed class SilentReader : TextReader
    {
        private readonly ManualResetEventSlim _over = new();

        public override string? ReadLine()
        {
            _over.Wait();
            return null;
        }

        protected override void Dispose(bool disposing)
        {
            _over.Set();
            base.Dispose(disposing);
        }
    }
}
