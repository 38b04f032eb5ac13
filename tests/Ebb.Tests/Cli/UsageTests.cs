namespace Ebb.Tests.Cli;

public class UsageTests
{
    [Theory]
    [InlineData("statsu", "there is no command 'statsu'. Did you mean 'status'?")]
    [InlineData("frobnicate", "there is no command 'frobnicate'. See 'ebb --help'.")]
    [InlineData("down --nmae x", "'ebb down' has no option '--nmae'. Did you mean '--name'?")]
    [InlineData("down now", "'ebb down' takes no 'now'.")]
    [InlineData("demo --frames many", "many")]
    [InlineData("up --keys dsa", "--keys is 'dsa'; it must be ecdsa or rsa.")]
    [InlineData("up --kubernetes embedded --keys rsa", "--keys goes with --kubernetes real.")]
    [InlineData("completion", "See 'ebb completion --help'.")]
    [InlineData("completion tcsh", "'bash' 'zsh' 'fish'")]
    [InlineData("kubeconfig --name ../../etc", "cannot name a sandbox")]
    [InlineData("kubeconfig --name Farm", "cannot name a sandbox")]
    [InlineData("demo --frames 0", "it must be from 1 to 2000")]
    [InlineData("demo --frames -3", "it must be from 1 to 2000")]
    [InlineData("demo --speed 0", "--speed is 0; it must be from 0.1 to 1000.")]
    [InlineData("demo --speed NaN", "--speed is NaN")]
    public async Task A_wrong_line_is_answered_in_one_line_on_stderr(string line, string says)
    {
        var result = await CommandLine.RunAsync(line.Split(' '));

        Assert.Equal(2, result.ExitCode);
        Assert.Empty(result.Out);
        Assert.Contains(says, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task A_completion_script_asks_the_program(string shell)
    {
        var result = await CommandLine.RunAsync("completion", shell);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("[suggest:", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_are_completed()
    {
        var result = await CommandLine.RunAsync("[suggest:3]", "dow");

        Assert.Equal("down", result.Out.Trim());
    }
}
