using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ebb.Cli.Kubernetes;

/// <summary>Turns one YAML document into JSON, typed by YAML's core schema.</summary>
internal static partial class YamlToJson
{
    // Aliases make a tree out of a few lines; this bounds what they may blow up to.
    private const int MaxNodes = 200_000;

    private const int MaxDepth = 60;

    /// <summary>The first document of the text; null for an empty text.</summary>
    /// <exception cref="FormatException">Not YAML; the message says where.</exception>
    public static JsonElement Parse(string yaml)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlException e)
        {
            throw new FormatException($"line {e.Start.Line}, column {e.Start.Column}: {e.Message}", e);
        }

        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            if (stream.Documents.Count == 0)
            {
                json.WriteNullValue();
            }
            else
            {
                var left = MaxNodes;
                Write(stream.Documents[0].RootNode, json, depth: 0, ref left);
            }
        }

        using var document = JsonDocument.Parse(buffer.GetBuffer().AsMemory(0, (int)buffer.Length));
        return document.RootElement.Clone();
    }

    private static void Write(YamlNode node, Utf8JsonWriter json, int depth, ref int left)
    {
        if (depth > MaxDepth || --left < 0)
        {
            throw new FormatException($"line {node.Start.Line}: nested or repeated too deeply.");
        }

        switch (node)
        {
            case YamlMappingNode map:
                json.WriteStartObject();
                foreach (var (key, value) in map.Children)
                {
                    json.WritePropertyName(key is YamlScalarNode { Value: { } name }
                        ? name
                        : throw new FormatException($"line {key.Start.Line}: a key must be plain text."));
                    Write(value, json, depth + 1, ref left);
                }

                json.WriteEndObject();
                break;
            case YamlSequenceNode list:
                json.WriteStartArray();
                foreach (var item in list.Children)
                {
                    Write(item, json, depth + 1, ref left);
                }

                json.WriteEndArray();
                break;
            case YamlScalarNode scalar:
                WriteScalar(scalar, json);
                break;
        }
    }

    private static void WriteScalar(YamlScalarNode scalar, Utf8JsonWriter json)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style is not ScalarStyle.Plain || scalar.Tag == "tag:yaml.org,2002:str")
        {
            json.WriteStringValue(text);
            return;
        }

        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                json.WriteNullValue();
                break;
            case "true" or "True" or "TRUE":
                json.WriteBooleanValue(true);
                break;
            case "false" or "False" or "FALSE":
                json.WriteBooleanValue(false);
                break;
            default:
                // What is a number to JSON as well keeps its spelling: a name such as 1e5 may have been meant as text.
                if (JsonNumber().IsMatch(text))
                {
                    json.WriteRawValue(text);
                }
                else
                {
                    json.WriteStringValue(text);
                }

                break;
        }
    }

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\z")]
    private static partial Regex JsonNumber();
}
