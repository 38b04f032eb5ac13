using System.Globalization;
using System.Text.Json;

namespace Ebb.Clouds.Azure;

/// <summary>
/// Compute's entity tags count the writes: <c>"1"</c>, <c>"2"</c>, ..., also those that the provider makes itself a while after a
/// machine was changed (github.com/kubernetes-sigs/cloud-provider-azure, pull request 9876). Where they do not count, nothing is
/// concluded from them.
/// </summary>
internal static class EntityTag
{
    // No list lags that far behind: after this time a lower count has another cause, and must not blind us for ever.
    private static readonly TimeSpan LongestLag = TimeSpan.FromMinutes(5);

    public static long? Counter(string? etag) =>
        long.TryParse(etag.AsSpan().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var counter) ? counter : null;

    /// <summary>The tag that a scale set has after a write: Azure shows it in the answer's body, and need not repeat it in a header.</summary>
    public static string? Of(ArmAnswer.Ok written)
    {
        try
        {
            return written.ETag ?? (written.Body.Length == 0 ? null : JsonSerializer.Deserialize(written.Body, ArmJson.Default.WireScaleSet)?.Etag);
        }
        catch (JsonException)
        {
            // The write is done; that a list may lag behind it is then found out without the tag.
            return null;
        }
    }

    /// <summary>Whether a state with this tag is from before the last write of ours.</summary>
    public static bool IsOlder(string? etag, (long? Counter, long At) lastWrite, TimeProvider time) =>
        Counter(etag) < lastWrite.Counter && time.GetElapsedTime(lastWrite.At) < LongestLag;
}
