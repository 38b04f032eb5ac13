using System.Globalization;

namespace Ebb.Pools;

/// <summary>Reads amounts as Kubernetes writes them: <c>500m</c>, <c>3.5Gi</c>, <c>2e3</c>.</summary>
public static class Quantity
{
    private static readonly (string Suffix, decimal Factor)[] Suffixes =
    [
        ("Ki", 1L << 10), ("Mi", 1L << 20), ("Gi", 1L << 30), ("Ti", 1L << 40), ("Pi", 1L << 50), ("Ei", 1L << 60),
        ("n", 0.000000001m), ("u", 0.000001m), ("m", 0.001m),
        ("k", 1_000m), ("M", 1_000_000m), ("G", 1_000_000_000m), ("T", 1_000_000_000_000m), ("P", 1_000_000_000_000_000m), ("E", 1_000_000_000_000_000_000m),
    ];

    /// <summary>The amount in units, rounded up as Kubernetes does; false when it is none, is negative or too large.</summary>
    public static bool TryUnits(string text, out long units) => TryScaled(text, 1, out units);

    /// <summary>The amount in thousandths, rounded up.</summary>
    public static bool TryMilli(string text, out long milli) => TryScaled(text, 1000, out milli);

    private static bool TryScaled(string text, int scale, out long result)
    {
        result = 0;
        var factor = 1m;
        var number = text.AsSpan().Trim();
        foreach (var (suffix, by) in Suffixes)
        {
            if (number.EndsWith(suffix, StringComparison.Ordinal))
            {
                factor = by;
                number = number[..^suffix.Length];
                break;
            }
        }

        // An exponent instead of a suffix; more than two digits of it are out of any range.
        const NumberStyles Style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent | NumberStyles.AllowLeadingSign;
        if (number.Length is 0 or > 40 || !decimal.TryParse(number, Style, CultureInfo.InvariantCulture, out var value) || value < 0)
        {
            return false;
        }

        try
        {
            result = (long)decimal.Ceiling(value * factor * scale);
            return true;
        }
        catch (OverflowException)
        {
            // Larger than any machine: the caller says so with the text.
            return false;
        }
    }
}
