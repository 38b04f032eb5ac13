using System.Text.Json;

namespace Ebb.Kubernetes;

/// <summary>What a watch wraps each object in: <c>{"type":…,"object":…}</c>.</summary>
internal static class WatchEnvelope
{
    /// <summary>The type, and where the object stands in <paramref name="utf8"/>.</summary>
    /// <param name="doing">For the error.</param>
    public static (string? Type, Range Object) Open(ReadOnlySpan<byte> utf8, string doing)
    {
        try
        {
            string? type = null;
            Range? content = null;
            var reader = new Utf8JsonReader(utf8);
            reader.Read();
            while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
            {
                var (isType, isObject) = (reader.ValueTextEquals("type"u8), reader.ValueTextEquals("object"u8));
                reader.Read();
                type = isType ? reader.GetString() : type;
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                content = isObject ? start..(int)reader.BytesConsumed : content;
            }

            return (type, content ?? throw new KubeException(doing, "a watch sent an event without an object."));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new KubeException(doing, $"a watch sent what is no event: {e.Message}", e);
        }
    }
}
