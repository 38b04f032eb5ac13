using System.Text.Json;
using System.Text.RegularExpressions;

namespace Ebb.Cli.ControlPlane.Supervising;

/// <summary>Finds in what a component printed why it ended: behind that may stand all its flags, or the stack of every thread.</summary>
internal static partial class LastWords
{
    private const int MostCharacters = 400;

    /// <returns>Null when it said nothing.</returns>
    public static string? Of(IReadOnlyList<string> lines)
    {
        // etcd logs a fatal error in full, and then panics with half of it.
        var line = lines.LastOrDefault(Logged().IsMatch) ?? lines.LastOrDefault(Causes().IsMatch) ?? lines.LastOrDefault(line => line.Length > 0);
        if (line is null)
        {
            return null;
        }

        var words = Plain(line).ReplaceLineEndings(" ").Trim();
        return words.Length > MostCharacters ? words[..MostCharacters] + " ..." : words;
    }

    // etcd writes JSON.
    private static string Plain(string line)
    {
        if (!line.StartsWith('{'))
        {
            return line;
        }

        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            var message = root.TryGetProperty("msg", out var msg) ? msg.ToString() : line;
            return root.TryGetProperty("error", out var error) ? $"{message}: {error}" : message;
        }
        catch (JsonException)
        {
            return line;
        }
    }

    [GeneratedRegex("""^\{"level":"(fatal|panic)""")]
    private static partial Regex Logged();

    // How Kubernetes' programs, etcd and Go itself begin their last words.
    [GeneratedRegex("""^(Error: |error: |F\d{4} |panic: |fatal error: |setsid: |nsenter: )|unknown flag|not defined: """)]
    private static partial Regex Causes();
}
