using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Reads YAML as the JSON that it stands for; aliases are refused, since a few lines of them unfold without end.</summary>
internal static class Yaml
{
    /// <exception cref="JsonException">When it is no YAML, is nested too deeply, or uses aliases.</exception>
    public static JsonNode? Read(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            var parser = new Parser(new StringReader(Encoding.UTF8.GetString(utf8.Span)));
            parser.Consume<StreamStart>();
            parser.Consume<DocumentStart>();
            return ReadNode(parser, 0);
        }
        catch (YamlException e)
        {
            throw new JsonException("yaml: " + e.Message, e);
        }
    }

    private static JsonNode? ReadNode(IParser parser, int depth)
    {
        if (depth > Store.Tree.MaxDepth)
        {
            throw new JsonException("nested too deeply");
        }

        if (parser.TryConsume<Scalar>(out var scalar))
        {
            return ReadScalar(scalar);
        }

        if (parser.TryConsume<MappingStart>(out _))
        {
            var json = new JsonObject();
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var name = parser.Consume<Scalar>().Value;
                if (!json.TryAdd(name, ReadNode(parser, depth + 1)))
                {
                    throw new JsonException($"duplicate field \"{name}\"");
                }
            }

            return json;
        }

        if (parser.TryConsume<SequenceStart>(out _))
        {
            var list = new JsonArray();
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                list.Add(ReadNode(parser, depth + 1));
            }

            return list;
        }

        throw new JsonException("aliases are not accepted");
    }

    private static JsonValue? ReadScalar(Scalar scalar)
    {
        var text = scalar.Value;
        if (scalar.Style is not ScalarStyle.Plain)
        {
            return JsonValue.Create(text);
        }

        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "true" or "True" or "TRUE":
                return JsonValue.Create(true);
            case "false" or "False" or "FALSE":
                return JsonValue.Create(false);
        }

        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
        {
            return JsonValue.Create(whole);
        }

        // A lone "e" or "inf" is text; only what looks like a number is one.
        return (char.IsAsciiDigit(text[^1]) || text[^1] == '.') && (char.IsAsciiDigit(text[0]) || text[0] is '-' or '.' or '+')
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real)
            ? JsonValue.Create(real)
            : JsonValue.Create(text);
    }
}
