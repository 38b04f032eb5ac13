using System.Globalization;

namespace Ebb.Clouds.Azure;

/// <summary>Compute's entity tags count the writes: <c>"1"</c>, <c>"2"</c>, ... Where they do not, nothing is concluded from them.</summary>
internal static class EntityTag
{
    // No list lags that far behind: after this time a lower count has another cause, and must not blind us for ever.
    private static readonly TimeSpan LongestLag = TimeSpan.FromMinutes(5);

    public static long? Counter(string? etag) =>
        long.TryParse(etag.AsSpan().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var counter) ? counter : null;

    /// <summary>Whether a state with this tag is from before the last write of ours.</summary>
    public static bool IsOlder(string? etag, (long? Counter, long At) lastWrite, TimeProvider time) =>
        Counter(etag) < lastWrite.Counter && time.GetElapsedTime(lastWrite.At) < LongestLag;
}
