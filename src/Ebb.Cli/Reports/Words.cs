using System.Globalization;

namespace Ebb.Cli.Reports;

/// <summary>Amounts as people say them.</summary>
internal static class Words
{
    /// <summary>The two largest units that are not zero, for example <c>1 h 20 min</c>.</summary>
    public static string Span(TimeSpan span)
    {
        var parts = new[] { (span.Days, "d"), (span.Hours, "h"), (span.Minutes, "min"), (span.Seconds, "s") };
        var shown = parts.Where(p => p.Item1 > 0).Take(2).Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Item1} {p.Item2}"));
        var text = string.Join(' ', shown);
        return text.Length > 0 ? text : "0 s";
    }

    public static string Count(int n, string one, string? many = null) => n == 1 ? $"1 {one}" : $"{n} {many ?? one + "s"}";
}
