namespace Ebb.Planning;

/// <summary>How spans of time and amounts are told to people.</summary>
internal static class Words
{
    public static string Span(TimeSpan span) => span switch
    {
        { Ticks: < 0 } => "0 s",
        { TotalSeconds: < 100 } => $"{(int)span.TotalSeconds} s",
        { TotalMinutes: < 100 } => $"{(int)span.TotalMinutes} min",
        { TotalHours: < 48 } => span.Minutes == 0 ? $"{(int)span.TotalHours} h" : $"{(int)span.TotalHours} h {span.Minutes} min",
        _ => $"{(int)span.TotalDays} days",
    };

    /// <summary>How far a span of the same kind has come: <c>2 min of 5</c>.</summary>
    public static string Progress(TimeSpan so, TimeSpan of)
    {
        so = so < TimeSpan.Zero ? TimeSpan.Zero : so;
        return so.TotalMinutes >= 1 && of.TotalMinutes < 100 && of.Seconds == 0
            ? $"{(int)so.TotalMinutes} min of {(int)of.TotalMinutes}"
            : $"{Span(so)} of {Span(of)}";
    }

    public static string Count(int count, string one) => count == 1 ? $"1 {one}" : $"{count} {one}s";

    public static string Cores(long milli) => milli % 1000 == 0 ? $"{milli / 1000}" : $"{milli / 1000m:0.###}";

    public static string Bytes(long bytes) => bytes switch
    {
        >= 1L << 30 => $"{bytes / (decimal)(1L << 30):0.#} GiB",
        >= 1L << 20 => $"{bytes / (decimal)(1L << 20):0.#} MiB",
        _ => $"{bytes} bytes",
    };
}
