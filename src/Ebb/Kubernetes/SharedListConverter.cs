using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Ebb.Kubernetes.Objects;

namespace Ebb.Kubernetes;

/// <summary>
/// Reads a list into an array of the right size, and hands out one instance for lists that repeat: all pods of a Job have
/// the same tolerations, owner and containers. Entries must be records that compare by content.
/// </summary>
internal sealed class SharedListConverter<T> : JsonConverter<IReadOnlyList<T>>
    where T : class
{
    private const int Slots = 1024;

    // As with strings: threads may race for a slot, and who loses has merely made an array of its own.
    private static readonly T[]?[] Cache = new T[]?[Slots];

    public override IReadOnlyList<T>? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType is not JsonTokenType.StartArray)
        {
            throw new JsonException("A list was expected.");
        }

        var itemType = (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));
        var items = new List<T>();
        var hash = default(HashCode);
        while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
        {
            if (JsonSerializer.Deserialize(ref reader, itemType) is { } item && IsOfUse(item))
            {
                items.Add(item);
                hash.Add(item);
            }
        }

        if (items.Count == 0)
        {
            return [];
        }

        ref var slot = ref Cache[(uint)hash.ToHashCode() % Slots];
        if (slot is { } hit && hit.AsSpan().SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(items)))
        {
            return hit;
        }

        return slot = [.. items];
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<T> value, JsonSerializerOptions options)
    {
        var itemType = (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));
        writer.WriteStartArray();
        foreach (var item in value)
        {
            JsonSerializer.Serialize(writer, item, itemType);
        }

        writer.WriteEndArray();
    }

    // Every pod has a volume for its token, of a name of its own; nobody here asks about secrets, config maps and the like.
    private static bool IsOfUse(T item) =>
        item is not V1Volume { PersistentVolumeClaim: null, Ephemeral: null, EmptyDir: null, HostPath: null };
}
