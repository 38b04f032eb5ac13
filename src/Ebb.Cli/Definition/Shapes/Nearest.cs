namespace Ebb.Cli.Definition.Shapes;

/// <summary>Guesses what was meant by a word that is not known.</summary>
internal static class Nearest
{
    /// <summary><c> Did you mean 'x'?</c>, or nothing where no word is near.</summary>
    public static string Perhaps(string typed, IEnumerable<string> known)
    {
        var nearest = known.Select(name => (Name: name, Distance: Distance(typed, name))).OrderBy(n => n.Distance).FirstOrDefault();

        // A third of the letters may be wrong; beyond that a guess only puzzles.
        return nearest.Name is { } name && nearest.Distance <= Math.Max(1, name.Length / 3) ? $" Did you mean '{name}'?" : "";
    }

    /// <summary>How many letters to add, drop or change to get from one word to the other, whatever their case; the largest number for words too different to be meant.</summary>
    public static int Distance(string a, string b)
    {
        // Further apart than any suggestion may be; and what was typed may be as long as a file.
        if (Math.Abs(a.Length - b.Length) > Math.Max(a.Length, b.Length) / 2)
        {
            return int.MaxValue;
        }

        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var changed = diagonal + (char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
