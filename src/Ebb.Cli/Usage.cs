using System.CommandLine;
using Ebb.Cli.Commands;
using Ebb.Cli.Definition.Shapes;
using Ebb.Cli.Output;

namespace Ebb.Cli;

/// <summary>Tells a person what is wrong with a command line, and what was perhaps meant.</summary>
internal static class Usage
{
    public static int Explain(ParseResult parsed, Terminal terminal)
    {
        var command = parsed.CommandResult.Command;
        terminal.Say($"ebb: {Problem(parsed, command)} See '{Root.PathOf(command)} --help'.");
        return ExitCode.Usage;
    }

    private static string Problem(ParseResult parsed, Command command)
    {
        if (parsed.UnmatchedTokens is not [var unknown, ..])
        {
            return parsed.Errors[0].Message.ReplaceLineEndings(" ").Replace("\t", "", StringComparison.Ordinal).TrimEnd(' ', '.') + ".";
        }

        if (long.TryParse(unknown, out _) && command.Arguments.Count > 0)
        {
            return $"'{unknown}' cannot be: a number here is 0 or more.";
        }

        if (unknown.StartsWith('-'))
        {
            var options = command.Options.Concat(command.Parents.OfType<Command>().SelectMany(p => p.Options.Where(o => o.Recursive)));
            return $"'{Root.PathOf(command)}' has no option '{unknown}'.{Nearest.Perhaps(unknown, options.Where(o => !o.Hidden).Select(o => o.Name))}";
        }

        return command.Subcommands.Count > 0
            ? $"there is no command '{unknown}'.{Nearest.Perhaps(unknown, command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name))}"
            : $"'{Root.PathOf(command)}' takes no '{unknown}'.";
    }
}
