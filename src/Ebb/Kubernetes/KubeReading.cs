using System.Text.Json;
using Ebb.Kubernetes.Objects;

namespace Ebb.Kubernetes;

/// <summary>Reads what an API server answers, piece by piece; what cannot be read is a <see cref="KubeException"/>.</summary>
internal static class KubeReading
{
    public static async ValueTask<bool> NextOfWatchAsync(string doing, JsonPieces pieces, CancellationToken ct)
    {
        try
        {
            return await NextAsync(doing, pieces, ct);
        }
        catch (KubeException e) when (e.InnerException is TimeoutException)
        {
            // Nothing is lost by it: what there was to tell is told by the next watch.
            return false;
        }
    }

    public static async ValueTask<bool> NextAsync(string doing, JsonPieces pieces, CancellationToken ct)
    {
        try
        {
            return await pieces.NextAsync(ct);
        }
        catch (JsonException e)
        {
            throw new KubeException(doing, $"the answer is not what a Kubernetes API sends: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or TimeoutException)
        {
            throw new KubeException(doing, $"the connection broke: {e.Message}", e);
        }
    }

    public static WatchEvent<T> ReadEvent<T>(string doing, ReadOnlySpan<byte> utf8)
        where T : V1Object
    {
        var (type, content) = WatchEnvelope.Open(utf8, doing);
        return type switch
        {
            "ADDED" => new(WatchEventKind.Added, Read<T>(doing, utf8[content])),
            "MODIFIED" => new(WatchEventKind.Modified, Read<T>(doing, utf8[content])),
            "DELETED" => new(WatchEventKind.Deleted, Read<T>(doing, utf8[content])),
            "BOOKMARK" => new(WatchEventKind.Bookmark, Read<T>(doing, utf8[content])),
            "ERROR" => throw new KubeException(doing, Read<V1Status>(doing, utf8[content])),
            _ => throw new KubeException(doing, $"a watch sent an event of the unknown type '{type}'."),
        };
    }

    public static T Read<T>(string doing, ReadOnlySpan<byte> utf8)
        where T : class
    {
        try
        {
            return KubeJson.Read<T>(utf8);
        }
        catch (JsonException e)
        {
            throw new KubeException(doing, $"sent what is no {typeof(T).Name}: {e.Message}", e);
        }
    }
}
