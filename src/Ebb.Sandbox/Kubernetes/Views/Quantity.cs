using System.Globalization;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Views;

/// <summary>Kubernetes' amounts: <c>250m</c>, <c>1.5</c>, <c>64Mi</c>, <c>2e3</c>.</summary>
internal static class Quantity
{
    /// <summary>Thousandths, rounded up; null when it is not an amount. What does not fit a long is the largest long.</summary>
    public static long? Milli(string? text) => Parse(text) is { } value ? Whole(value * 1000) : null;

    /// <summary>Units (bytes, cards, pods), rounded up; null when it is not an amount.</summary>
    public static long? Units(string? text) => Parse(text) is { } value ? Whole(value) : null;

    /// <summary>An amount in a field may be written as a number, too.</summary>
    public static string? TextOf(JsonNode? node) => node switch
    {
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        JsonValue value => value.ToString(),
        _ => null,
    };

    /// <summary>The amount itself, as near as a double comes; zero for what is none.</summary>
    public static double ValueOf(JsonNode? node) => Parse(TextOf(node)) ?? 0;

    private static double? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        var digits = text.Length;
        while (digits > 0 && !char.IsAsciiDigit(text[digits - 1]) && text[digits - 1] != '.')
        {
            digits--;
        }

        // "1e3" and "1E3" end in a digit and parse as they are; "1E" ends in the suffix for 10^18.
        var factor = Factor(text.AsSpan(digits));
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return factor is { } known
            && double.TryParse(text.AsSpan(0, digits), Style, CultureInfo.InvariantCulture, out var number)
            && double.IsFinite(number)
                ? number * known
                : null;
    }

    private static double? Factor(ReadOnlySpan<char> suffix) => suffix switch
    {
        "" => 1,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024d,
        "Mi" => 1024d * 1024,
        "Gi" => 1024d * 1024 * 1024,
        "Ti" => 1024d * 1024 * 1024 * 1024,
        "Pi" => 1024d * 1024 * 1024 * 1024 * 1024,
        "Ei" => 1024d * 1024 * 1024 * 1024 * 1024 * 1024,
        _ => null,
    };

    // Amounts are exact to 2^53 here; the nudge keeps 0.1 * 1000 from becoming 101.
    private static long Whole(double value) =>
        value >= long.MaxValue ? long.MaxValue : value <= long.MinValue ? long.MinValue : (long)Math.Ceiling(value - 1e-6);
}
