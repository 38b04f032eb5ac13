using System.CommandLine;
using Ebb.Cli.Commands;
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
            return $"'{Root.PathOf(command)}' has no option '{unknown}'.{Perhaps(unknown, options.Where(o => !o.Hidden).Select(o => o.Name))}";
        }

        return command.Subcommands.Count > 0
            ? $"there is no command '{unknown}'.{Perhaps(unknown, command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name))}"
            : $"'{Root.PathOf(command)}' takes no '{unknown}'.";
    }

    private static string Perhaps(string typed, IEnumerable<string> known)
    {
        var nearest = known.Select(name => (Name: name, Distance: Distance(typed, name))).OrderBy(n => n.Distance).FirstOrDefault();

        // A third of the letters may be wrong; beyond that a guess only puzzles.
        return nearest.Name is { } name && nearest.Distance <= Math.Max(1, name.Length / 3) ? $" Did you mean '{name}'?" : "";
    }

    /// <summary>How many letters to add, drop or change to get from one word to the other.</summary>
    public static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
