using System.Globalization;

namespace Ebb.Planning;

/// <summary>The keys under which Ebb remembers things of pools, and how they are written.</summary>
internal static class Notes
{
    /// <summary>When somebody last looked who counts how long anything lasts.</summary>
    public const string LookedAt = "looked-at";

    public static string BackOff(string pool) => $"pool.{pool}.backoff";

    /// <summary>Since when machines are promised that are not listed.</summary>
    public static string GrowingSince(string pool) => $"pool.{pool}.growing-since";

    /// <summary>How many promised machines will not come.</summary>
    public static string Missing(string pool) => $"pool.{pool}.missing";

    /// <summary>Since when machines are in a state that must not last.</summary>
    public static string Troubled(string pool) => $"pool.{pool}.troubled";

    /// <summary>Since when machines are without a node that is, or was, ready.</summary>
    public static string Unjoined(string pool) => $"pool.{pool}.unjoined";

    /// <summary>Since when nodes of machines are not ready that were.</summary>
    public static string Unready(string pool) => $"pool.{pool}.unready";

    public static string Write(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFF'Z'", CultureInfo.InvariantCulture);

    /// <summary>Null for what is no time: a note or an annotation that someone spoilt counts as none.</summary>
    public static DateTimeOffset? ReadTime(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;

    public static string Write(BackOffNote note) => $"{note.Count}|{Write(note.At)}|{Write(note.Until)}|{note.Code}";

    public static BackOffNote? ReadBackOff(string? text) =>
        text?.Split('|') is [var count, var at, var until, var code]
        && int.TryParse(count, out var number)
        && ReadTime(at) is { } readAt
        && ReadTime(until) is { } readUntil
            ? new BackOffNote(number, readAt, readUntil, code)
            : null;
}
