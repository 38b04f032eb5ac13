namespace Ebb.SystemTests.Parity.Controllers;

/// <summary>Two texts, line by line: what only the real side has begins with "-", what only ours has with "+".</summary>
internal static class Difference
{
    public static string Between(string real, string ours)
    {
        var (a, b) = (real.Split('\n'), ours.Split('\n'));

        // The longest common part, from the end: length[i, j] is that of a[i..] and b[j..].
        var length = new int[a.Length + 1, b.Length + 1];
        for (var i = a.Length - 1; i >= 0; i--)
        {
            for (var j = b.Length - 1; j >= 0; j--)
            {
                length[i, j] = a[i] == b[j] ? length[i + 1, j + 1] + 1 : Math.Max(length[i + 1, j], length[i, j + 1]);
            }
        }

        var lines = new List<string>();
        var (x, y) = (0, 0);
        while (x < a.Length || y < b.Length)
        {
            if (x < a.Length && y < b.Length && a[x] == b[y])
            {
                lines.Add("  " + a[x++]);
                y++;
            }
            else if (y >= b.Length || (x < a.Length && length[x + 1, y] >= length[x, y + 1]))
            {
                lines.Add("- " + a[x++]);
            }
            else
            {
                lines.Add("+ " + b[y++]);
            }
        }

        return string.Join('\n', lines);
    }
}
