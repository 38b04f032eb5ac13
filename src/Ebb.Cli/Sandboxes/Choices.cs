using System.CommandLine.Completions;
using System.CommandLine.Parsing;

namespace Ebb.Cli.Sandboxes;

/// <summary>Reads one of a few words.</summary>
internal static class Choices
{
    public static T? Parse<T>(ArgumentResult argument)
        where T : struct, Enum
    {
        var text = argument.Tokens.Single().Value;
        foreach (var choice in Enum.GetValues<T>())
        {
            if (Word(choice) == text)
            {
                return choice;
            }
        }

        var option = (argument.Parent as OptionResult)?.Option.Name ?? "it";
        argument.AddError($"{option} is '{text}'; it must be {string.Join(" or ", Enum.GetValues<T>().Select(Word))}.");
        return null;
    }

    public static Func<CompletionContext, IEnumerable<CompletionItem>> Words<T>()
        where T : struct, Enum => _ => Enum.GetValues<T>().Select(choice => new CompletionItem(Word(choice)));

    public static string Word<T>(T choice)
        where T : struct, Enum => $"{choice}".ToLowerInvariant();
}
