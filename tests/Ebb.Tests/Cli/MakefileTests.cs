using System.Text.RegularExpressions;
using Ebb.Cli.Commands;
using Ebb.Cli.Output;
using Ebb.Tests.Cli.Definition;
using Ebb.Tests.House;

namespace Ebb.Tests.Cli;

/// <summary>The Makefile's targets are commands that there are.</summary>
public partial class MakefileTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Tree.Root, "examples", "Makefile"));

    [Theory]
    [InlineData("keys")]
    [InlineData("deploy-storage")]
    [InlineData("params")]
    [InlineData("deploy-compute")]
    [InlineData("view-deployment")]
    [InlineData("watch-deployment")]
    [InlineData("list-agents")]
    [InlineData("scale-agents-%")]
    [InlineData("stop-agents")]
    [InlineData("start-agents")]
    [InlineData("reimage-agents-parallel")]
    [InlineData("reimage-agents-serial")]
    [InlineData("resize")]
    [InlineData("chaos-monkey")]
    [InlineData("upgrade")]
    [InlineData("proxy")]
    [InlineData("tail-helper")]
    [InlineData("list-endpoints")]
    [InlineData("destroy-compute")]
    [InlineData("destroy-storage")]
    [InlineData("destroy-cluster")]
    public void A_target_that_people_know_is_there(string target)
    {
        Assert.Contains($"\n{target}: ", Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_line_is_a_command_line_that_is_understood()
    {
        var root = Root.Create(new Terminal(TextWriter.Null, TextWriter.Null, rich: false, colours: false));
        var lines = Lines().Matches(Text).Select(match => match.Groups[1].Value).ToList();

        Assert.True(lines.Count > 18);
        Assert.All(lines, line => Assert.Empty(root.Parse(Expanded(line)).Errors));
    }

    [Fact]
    public async Task Init_writes_it_about_its_file()
    {
        using var directory = new TemporaryDirectory();

        var run = await CommandLine.RunAsync("init", "--yes", "--makefile", "-f", directory.File("farm.yaml"));
        var again = await CommandLine.RunAsync("init", "--yes", "--makefile", "-f", directory.File("other.yaml"));

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("FILE ?= farm.yaml\n", await File.ReadAllTextAsync(directory.File("Makefile"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(2, again.ExitCode);
        Assert.False(File.Exists(directory.File("other.yaml")));
    }

    [Fact]
    public async Task Init_writes_it_beside_a_file_that_is_there_and_leaves_that_as_it_is()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory.File("farm.yaml"), "mine", TestContext.Current.CancellationToken);

        var run = await CommandLine.RunAsync("init", "--yes", "--makefile", "-f", directory.File("farm.yaml"));

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("mine", await File.ReadAllTextAsync(directory.File("farm.yaml"), TestContext.Current.CancellationToken));
        Assert.Contains("FILE ?= farm.yaml\n", await File.ReadAllTextAsync(directory.File("Makefile"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static string Expanded(string line) => Variables().Replace(
        line.Replace("$*", "3", StringComparison.Ordinal)
            .Replace("$(or $(SIZE),$(error say which: make resize SIZE=Standard_D8s_v5))", "Standard_D8s_v5", StringComparison.Ordinal)
            .Replace("$(if $(SEED),--seed $(SEED))", "--seed 7", StringComparison.Ordinal),
        variable => variable.Groups[1].Value switch
        {
            "FILE" => "ebb.yaml",
            "POOL" => "agents",
            "YES" => "--yes",
            var other => throw new InvalidOperationException(other),
        });

    [GeneratedRegex(@"^\t\$\(EBB\) (.*)$", RegexOptions.Multiline)]
    private static partial Regex Lines();

    [GeneratedRegex(@"\$\((\w+)\)")]
    private static partial Regex Variables();
}
