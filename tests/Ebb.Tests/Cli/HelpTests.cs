using Ebb.Cli.Commands;
using Ebb.Cli.Output;

namespace Ebb.Tests.Cli;

public class HelpTests
{
    public static TheoryData<string> Commands =>
        [.. Root.Create(new Terminal(TextWriter.Null, TextWriter.Null, rich: false, colours: false)).Subcommands.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Every_command_has_help_that_ends_with_an_example(string command)
    {
        var help = await CommandLine.RunAsync(command, "--help");

        Assert.Equal(0, help.ExitCode);
        Assert.Empty(help.Error);
        Assert.Contains($"  ebb {command}", help.Out[help.Out.IndexOf("Examples:", StringComparison.Ordinal)..], StringComparison.Ordinal);
        Assert.DoesNotContain("Ebb.Cli", help.Out, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_example_is_a_command_line_that_is_understood(string command)
    {
        var root = Root.Create(new Terminal(TextWriter.Null, TextWriter.Null, rich: false, colours: false));
        var verb = Assert.IsType<Verb>(root.Subcommands.Single(c => c.Name == command));

        foreach (var example in verb.Examples)
        {
            var line = example.Line[example.Line.IndexOf("ebb ", StringComparison.Ordinal)..].Split('>', ')', '|')[0];
            Assert.Empty(root.Parse(line["ebb ".Length..]).Errors);
        }
    }

    [Fact]
    public async Task Without_a_command_it_says_what_it_can_do()
    {
        var help = await CommandLine.RunAsync();

        Assert.Equal(0, help.ExitCode);
        Assert.Contains("ebb demo", help.Out, StringComparison.Ordinal);
    }
}
