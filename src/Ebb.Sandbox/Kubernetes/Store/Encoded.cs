using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Store;

/// <summary>An object as bytes, with the places of its resource version and its spec, so that two can be compared cheaply.</summary>
internal sealed class Encoded(byte[] bytes, Range version, Range spec)
{
    public byte[] Bytes { get; } = bytes;

    public ReadOnlySpan<byte> Spec => Bytes.AsSpan(spec);

    private Range Version { get; } = version;

    public bool SameButForVersion(Encoded other) =>
        Bytes.AsSpan(..Version.Start).SequenceEqual(other.Bytes.AsSpan(..other.Version.Start))
        && Bytes.AsSpan(Version.End..).SequenceEqual(other.Bytes.AsSpan(other.Version.End..));
}

/// <summary>Writes objects as bytes. One for each store: it is used under the agenda's gate only.</summary>
internal sealed class Encoder
{
    /// <summary>Like the real server's: readable in a terminal; nothing of it lands in HTML.</summary>
    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
        MaxDepth = Tree.MaxDepth,
    };

    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = Tree.MaxDepth };

    private readonly ArrayBufferWriter<byte> _buffer = new(4096);

    public Encoded Encode(JsonObject json)
    {
        _buffer.ResetWrittenCount();
        using var writer = new Utf8JsonWriter(_buffer, Options);
        Range version = default, spec = default;
        writer.WriteStartObject();
        foreach (var (name, value) in json)
        {
            writer.WritePropertyName(name);
            var start = Position(writer);
            if (name == "metadata" && value is JsonObject metadata)
            {
                version = WriteMetadata(writer, metadata);
            }
            else
            {
                Write(writer, value);
            }

            if (name == "spec")
            {
                spec = start..Position(writer);
            }
        }

        writer.WriteEndObject();
        writer.Flush();
        return new Encoded(_buffer.WrittenSpan.ToArray(), version, spec);
    }

    /// <summary>A copy whose numbers are of any type, whatever types the writer used.</summary>
    public JsonObject Copy(JsonObject json)
    {
        _buffer.ResetWrittenCount();
        using var writer = new Utf8JsonWriter(_buffer, Options);
        json.WriteTo(writer);
        writer.Flush();
        return Parse(_buffer.WrittenSpan);
    }

    public static JsonObject Parse(ReadOnlySpan<byte> utf8) =>
        JsonNode.Parse(utf8, documentOptions: Reading)!.AsObject();

    private static Range WriteMetadata(Utf8JsonWriter writer, JsonObject metadata)
    {
        Range version = default;
        writer.WriteStartObject();
        foreach (var (name, value) in metadata)
        {
            writer.WritePropertyName(name);
            var start = Position(writer);
            Write(writer, value);
            if (name == "resourceVersion")
            {
                version = start..Position(writer);
            }
        }

        writer.WriteEndObject();
        return version;
    }

    private static void Write(Utf8JsonWriter writer, JsonNode? value)
    {
        if (value is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            value.WriteTo(writer);
        }
    }

    private static int Position(Utf8JsonWriter writer) => (int)(writer.BytesCommitted + writer.BytesPending);
}
