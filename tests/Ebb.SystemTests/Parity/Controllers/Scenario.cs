using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Controllers;

/// <summary>What is done to both sides, step by step; after each step both must show the same.</summary>
internal sealed record Scenario(string Title, string File, int Number, IReadOnlyList<Step> Steps)
{
    /// <summary>It is played a second time, in another namespace.</summary>
    public bool Again { get; init; }

    /// <summary>Also the name of its namespace.</summary>
    public string Name => $"{File}-{Number}{(Again ? "-again" : "")}";

    /// <summary>All scenarios of all files: a title after "==", then a step on each line; "#" begins a comment.</summary>
    public static IReadOnlyList<Scenario> ReadAll()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "Parity", "Controllers", "Scenarios");
        return [.. Directory.GetFiles(folder, "*.txt").Order(StringComparer.Ordinal).SelectMany(Read)];
    }

    private static IEnumerable<Scenario> Read(string path)
    {
        var file = Path.GetFileNameWithoutExtension(path);
        var number = 0;
        string? title = null;
        var steps = new List<Step>();
        foreach (var line in System.IO.File.ReadLines(path).Append("=="))
        {
            if (line.StartsWith("==", StringComparison.Ordinal))
            {
                if (title is not null)
                {
                    yield return new Scenario(title, file, ++number, [.. steps]);
                }

                title = line[2..].Trim();
                steps.Clear();
            }
            else if (line.Trim() is { Length: > 0 } text && text[0] != '#')
            {
                steps.Add(Step.Parse(text));
            }
        }
    }
}

/// <summary>One line of a scenario: a verb, words, and perhaps JSON to the end of the line.</summary>
internal sealed record Step(string Text, string Verb, IReadOnlyList<string> Words, JsonObject? Json)
{
    public static Step Parse(string text)
    {
        var brace = text.IndexOf('{', StringComparison.Ordinal);
        var words = (brace < 0 ? text : text[..brace]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new Step(text, words[0], words[1..], brace < 0 ? null : JsonNode.Parse(text[brace..])!.AsObject());
    }
}
