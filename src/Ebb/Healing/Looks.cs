using Ebb.Planning;

namespace Ebb.Healing;

/// <summary>
/// When somebody looked last, noted while it is counted how long machines have been as they are. Nothing is held against a machine for a
/// time in which no controller ran or none could see anything: it may have been another meanwhile.
/// </summary>
internal static class Looks
{
    // Looks are a minute apart at most, and each of those is noted.
    private static readonly TimeSpan NotedEvery = TimeSpan.FromSeconds(45);

    // A read of the cloud may take its time, and a note may find no server once.
    private static readonly TimeSpan ApartAtMost = TimeSpan.FromMinutes(3);

    /// <summary>Since when nobody has looked; null when somebody has all along.</summary>
    public static DateTimeOffset? UnseenSince(Snapshot snapshot) =>
        Last(snapshot) is { } last && snapshot.Now - last >= ApartAtMost ? last : null;

    public static void Remember(Draft draft)
    {
        if (!(Last(draft.Snapshot) is { } last && last <= draft.Now && draft.Now - last < NotedEvery))
        {
            draft.Remember(Notes.LookedAt, Notes.Write(draft.Now), "how long machines have been as they are counts while somebody looks");
        }
    }

    private static DateTimeOffset? Last(Snapshot snapshot) => Notes.ReadTime(snapshot.Notes.GetValueOrDefault(Notes.LookedAt));
}
