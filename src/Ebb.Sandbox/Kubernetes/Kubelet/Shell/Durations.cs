using System.Globalization;

namespace Ebb.Sandbox.Kubernetes.Kubelet.Shell;

/// <summary>Times as <c>sleep</c> and our annotations have them: <c>90</c>, <c>1.5m</c>, <c>500ms</c>, <c>1h30m</c>.</summary>
internal static class Durations
{
    public static TimeSpan? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        double seconds = 0;
        var at = 0;
        while (at < text.Length)
        {
            var end = at;
            while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
            {
                end++;
            }

            var unitEnd = end;
            while (unitEnd < text.Length && char.IsAsciiLetter(text[unitEnd]))
            {
                unitEnd++;
            }

            if (!double.TryParse(
                    text.AsSpan(at, end - at), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                || Unit(text.AsSpan(end, unitEnd - end)) is not { } unit)
            {
                return null;
            }

            seconds += number * unit;
            at = unitEnd;
        }

        // Three centuries: more does not fit.
        return TimeSpan.FromSeconds(Math.Min(seconds, 9e9));
    }

    private static double? Unit(ReadOnlySpan<char> unit) => unit switch
    {
        "" or "s" => 1,
        "ms" => 0.001,
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => null,
    };
}
