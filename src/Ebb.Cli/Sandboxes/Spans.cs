using System.CommandLine.Parsing;
using System.Globalization;

namespace Ebb.Cli.Sandboxes;

/// <summary>Reads spans of time as people write them: <c>45s</c>, <c>5m</c>, <c>1h</c>.</summary>
internal static class Spans
{
    public static TimeSpan Parse(ArgumentResult argument)
    {
        var text = argument.Tokens.Single().Value;
        if (Parse(text) is { } span)
        {
            return span;
        }

        argument.AddError($"'{text}' is no span of time. Write it like 45s, 5m or 1h.");
        return default;
    }

    public static TimeSpan? Parse(string text)
    {
        double unit = text.Length < 2 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 };
        return unit > 0
            && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && Math.Abs(number * unit) < 1e9
            ? TimeSpan.FromSeconds(number * unit)
            : null;
    }
}
