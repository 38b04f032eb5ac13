namespace Ebb.Tests.Cli.Definition;

public class SecretTests
{
    private static readonly string Text = Sample.With("options: {tailscale: {authKey: \"${TS_KEY}\"}}");

    [Fact]
    public void A_secret_comes_from_the_environment_and_never_shows_itself()
    {
        var key = Sample.Read(Text, ("TS_KEY", "tskey-hidden")).Options.Tailscale!.AuthKey;

        Assert.Equal("tskey-hidden", key.Reveal());
        Assert.DoesNotContain("hidden", $"{key} {Sample.Read(Text, ("TS_KEY", "tskey-hidden")).Options}", StringComparison.Ordinal);
    }

    [Fact]
    public void A_variable_that_is_not_set_is_a_problem()
    {
        Assert.Equal(
            "ebb.yaml:7:32: options.tailscale.authKey: the environment variable TS_KEY is not set. Set it before you run ebb, for example: export TS_KEY=...",
            Sample.Problem(Text));
    }

    [Fact]
    public void Machines_without_a_way_out_are_in_no_Tailscale_network()
    {
        var text = Sample.With("kubernetes: {version: v1.31.5+k3s1}\noptions: {airGapped: true, tailscale: {authKey: \"${TS_KEY}\"}}");

        Assert.Equal(
            "ebb.yaml:8:39: options.tailscale: machines without a way out neither fetch Tailscale nor reach it. Remove it, or write 'airGapped: false'.",
            Sample.Problem(text, ("TS_KEY", "tskey-hidden")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hidden\nhidden")]
    public void What_a_variable_holds_is_not_shown_when_it_is_no_secret(string value)
    {
        Assert.DoesNotContain("hidden", Sample.Problem(Text, ("TS_KEY", value)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tskey-hidden")]
    [InlineData("${TS_KEY}hidden")]
    [InlineData("${TS_KEY:-hidden}")]
    public void A_secret_in_the_file_is_refused_and_not_repeated(string written)
    {
        var problem = Sample.Problem(Sample.With($"options: {{tailscale: {{authKey: \"{written}\"}}}}"), ("TS_KEY", "x"));

        Assert.Contains("options.tailscale.authKey: a secret does not stand in a file that others read.", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", problem, StringComparison.Ordinal);
    }
}
