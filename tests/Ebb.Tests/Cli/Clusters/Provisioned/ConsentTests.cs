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
    public void Only_yes_is_yes(string typed, bool goes)
    {
        var asked = Record.Exception(() => Consent.Require("Delete it?", yes: false, Terminal(new StringReader(typed + "\n"))));

        Assert.Equal(goes, asked is null);
        Assert.True(asked is null or EbbException);
    }

    [Fact]
    public void Where_nobody_can_answer_the_flag_is_named()
    {
        var e = Assert.Throws<EbbException>(() => Consent.Require("Delete it?", yes: false, Terminal(null)));

        Assert.Contains("--yes", e.Message, StringComparison.Ordinal);
        Consent.Require("Delete it?", yes: true, Terminal(null));
    }

    private static Terminal Terminal(TextReader? input) => new(new StringWriter(), new StringWriter(), rich: false, colours: false, input);
}
