using System.Text.RegularExpressions;

namespace Ebb.SystemTests.Parity.Api;

/// <summary>One deliberate difference: what docs/sandbox.md tells of under the same name.</summary>
/// <param name="Until">The real release from which on there is none any more; null: as long as we mean it.</param>
/// <param name="Everywhere">Where in any answer it shows; the table names other places with ": differs".</param>
internal sealed record Deliberate(string Id, Version? Until, IReadOnlyList<Place> Everywhere)
{
    /// <summary>Reads Deliberate.txt, whose head says how it is written.</summary>
    public static IReadOnlyList<Deliberate> ReadAll()
    {
        var found = new List<Deliberate>();
        foreach (var line in TableFile.Text("Deliberate.txt").Split('\n'))
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (line[0] == ' ')
            {
                var last = found[^1];
                found[^1] = last with { Everywhere = [.. last.Everywhere, Place.Read(line.Trim())] };
                continue;
            }

            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            found.Add(new Deliberate(words[0], words is [_, "until", var release] ? Version.Parse(release) : null, []));
        }

        return found;
    }

    public bool AppliesTo(Version real) => Until is null || real < Until;
}

/// <summary>Where a difference shows.</summary>
/// <param name="Kinds">Only in answers of these kinds; none: in all.</param>
/// <param name="Lacking">Only where the sandbox has nothing.</param>
/// <param name="Surplus">Only where the real one has nothing.</param>
/// <param name="Agreeing">Both begin with the same text, up to the end of this; null: nothing is asked of them.</param>
internal sealed record Place(Regex Where, string[] Kinds, bool Lacking, bool Surplus, Regex? Agreeing)
{
    public static Place Read(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string? After(string word) => Array.IndexOf(words, word) is > 0 and var at ? words[at + 1] : null;
        return new Place(
            new Regex(words[0]),
            After("of")?.Split(',') ?? [],
            words.Contains("lacking"),
            words.Contains("surplus"),
            After("agreeing") is { } start ? new Regex(start) : null);
    }

    public bool Has(Difference difference, string kind) => Where.IsMatch(difference.Where)
        && (Kinds.Length == 0 || Kinds.Contains(kind))
        && (!Lacking || difference.Ours is null)
        && (!Surplus || difference.Real is null)
        && (Agreeing is null || (Agreeing.Match(difference.Real ?? "") is { Success: true } real
            && Agreeing.Match(difference.Ours ?? "") is { Success: true } ours && real.Value == ours.Value));
}
