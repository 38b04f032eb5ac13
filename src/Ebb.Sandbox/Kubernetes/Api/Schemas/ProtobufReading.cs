using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Schemas;

/// <summary>
/// Reads objects that were sent as protocol buffers, as newer kubectl and most controllers send those of built-in kinds.
/// Only reading is needed: they all take JSON for an answer.
/// </summary>
internal static class ProtobufReading
{
    public const string MediaType = "application/vnd.kubernetes.protobuf";

    private static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    public static bool IsProtobuf(ReadOnlySpan<byte> body) => body.StartsWith(Magic);

    /// <exception cref="JsonException">When it is broken or of a kind that is not known.</exception>
    public static JsonObject Read(ReadOnlySpan<byte> body)
    {
        string apiVersion = "", kind = "";
        ReadOnlySpan<byte> raw = [];
        var envelope = new ProtoReader(body[Magic.Length..]);
        while (envelope.Next(out var field, out var type))
        {
            if (field == 1)
            {
                var names = new ProtoReader(envelope.Bytes(type));
                while (names.Next(out var name, out var nameType))
                {
                    var text = Encoding.UTF8.GetString(names.Bytes(nameType));
                    (apiVersion, kind) = name == 1 ? (text, kind) : name == 2 ? (apiVersion, text) : (apiVersion, kind);
                }
            }
            else if (field == 2)
            {
                raw = envelope.Bytes(type);
            }
            else
            {
                envelope.Skip(type);
            }
        }

        var at = apiVersion.IndexOf('/', StringComparison.Ordinal);
        var group = at < 0 ? "" : apiVersion[..at];
        var schema = SchemaBook.BuiltIn.Find(group, apiVersion[(at + 1)..], kind) ?? SchemaBook.BuiltIn.FindLike(group, kind)
            ?? throw new JsonException($"no kind \"{kind}\" is registered for version \"{apiVersion}\"");
        var json = new JsonObject { ["apiVersion"] = apiVersion, ["kind"] = kind };
        ReadInto(json, raw, schema, [], 0);
        return json;
    }

    private static void ReadInto(
        JsonObject json, ReadOnlySpan<byte> bytes, ObjectSchema schema, ReadOnlySpan<int> prefix, int depth)
    {
        if (depth > Tree.MaxDepth)
        {
            throw new JsonException("nested too deeply");
        }

        Span<int> path = stackalloc int[prefix.Length + 1];
        prefix.CopyTo(path);
        var reader = new ProtoReader(bytes);
        while (reader.Next(out var number, out var type))
        {
            path[^1] = number;
            var (field, part) = Find(schema, path);
            if (field is not null)
            {
                ReadField(json, field, ref reader, type, depth);
            }
            else if (part)
            {
                ReadInto(json, reader.Bytes(type), schema, path, depth + 1);
            }
            else
            {
                reader.Skip(type);
            }
        }
    }

    private static (SchemaField? Field, bool Part) Find(ObjectSchema schema, ReadOnlySpan<int> path)
    {
        var part = false;
        foreach (var field in schema.Fields.Values)
        {
            var number = field.Number.AsSpan();
            if (number.SequenceEqual(path))
            {
                return (field, false);
            }

            part |= number.Length > path.Length && number.StartsWith(path);
        }

        return (null, part);
    }

    private static void ReadField(JsonObject json, SchemaField field, ref ProtoReader reader, int type, int depth)
    {
        switch (field.Type.Shape)
        {
            case Shape.List:
                if (json[field.Name] is not JsonArray list)
                {
                    json[field.Name] = list = [];
                }

                list.Add(ReadValue(field.Type.Item!, ref reader, type, depth));
                break;
            case Shape.Map:
                ReadEntry(json.Ensure(field.Name), field.Type.Item!, reader.Bytes(type), depth);
                break;
            default:
                var value = ReadValue(field.Type, ref reader, type, depth);
                if (value is not null && !(field.EmptyMeansNone && IsEmpty(value)))
                {
                    json[field.Name] = value;
                }

                break;
        }
    }

    private static void ReadEntry(JsonObject map, FieldType item, ReadOnlySpan<byte> bytes, int depth)
    {
        var key = "";
        JsonNode? value = null;
        var reader = new ProtoReader(bytes);
        while (reader.Next(out var number, out var type))
        {
            if (number == 1)
            {
                key = Encoding.UTF8.GetString(reader.Bytes(type));
            }
            else if (number == 2)
            {
                value = ReadValue(item, ref reader, type, depth);
            }
            else
            {
                reader.Skip(type);
            }
        }

        map[key] = value ?? (item.Shape is Shape.Text or Shape.Bytes ? "" : null);
    }

    private static JsonNode? ReadValue(FieldType type, ref ProtoReader reader, int wire, int depth)
    {
        switch (type.Shape)
        {
            case Shape.Int32 or Shape.Int64:
                return reader.Number(wire);
            case Shape.Bool:
                return reader.Number(wire) != 0;
            case Shape.Text:
                return Encoding.UTF8.GetString(reader.Bytes(wire));
            case Shape.Bytes:
                return Convert.ToBase64String(reader.Bytes(wire));
            case Shape.Object:
                var json = new JsonObject();
                ReadInto(json, reader.Bytes(wire), type.Of!, [], depth + 1);
                return json;
            case Shape.Time or Shape.MicroTime:
                return ReadTime(reader.Bytes(wire), type.Shape);
            case Shape.Quantity:
                return ReadText(reader.Bytes(wire), 1);
            case Shape.IntOrString:
                return ReadIntOrString(reader.Bytes(wire));
            case Shape.Any:
                // Fields of free form hold their JSON as it is.
                return ReadText(reader.Bytes(wire), 1) is { Length: > 0 } raw ? JsonNode.Parse(raw) : null;
            default:
                throw new JsonException($"a {type.Shape} cannot be read from protocol buffers");
        }
    }

    private static JsonValue? ReadTime(ReadOnlySpan<byte> bytes, Shape shape)
    {
        long seconds = 0, nanos = 0;
        var reader = new ProtoReader(bytes);
        while (reader.Next(out var number, out var type))
        {
            var value = reader.Number(type);
            (seconds, nanos) = number == 1 ? (value, nanos) : (seconds, value);
        }

        // An empty message is no time, and so is the year 1, with which the sender's language begins.
        if (bytes.Length == 0 || seconds is <= 0 or > 253_402_300_799)
        {
            return null;
        }

        var time = DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanos / 100);
        return JsonValue.Create(shape is Shape.MicroTime ? Timestamps.Micros(time) : Timestamps.Seconds(time));
    }

    private static JsonValue ReadIntOrString(ReadOnlySpan<byte> bytes)
    {
        long type = 0, whole = 0;
        var text = "";
        var reader = new ProtoReader(bytes);
        while (reader.Next(out var number, out var wire))
        {
            switch (number)
            {
                case 1:
                    type = reader.Number(wire);
                    break;
                case 2:
                    whole = reader.Number(wire);
                    break;
                default:
                    text = Encoding.UTF8.GetString(reader.Bytes(wire));
                    break;
            }
        }

        return type == 0 ? JsonValue.Create(whole) : JsonValue.Create(text);
    }

    private static string ReadText(ReadOnlySpan<byte> bytes, int wanted)
    {
        var text = "";
        var reader = new ProtoReader(bytes);
        while (reader.Next(out var number, out var type))
        {
            if (number == wanted)
            {
                text = Encoding.UTF8.GetString(reader.Bytes(type));
            }
            else
            {
                reader.Skip(type);
            }
        }

        return text;
    }

    private static bool IsEmpty(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.String => value.GetValue<string>().Length == 0,
        JsonValueKind.Number => value.GetValue<long>() == 0,
        JsonValueKind.False => true,
        _ => false,
    };
}
