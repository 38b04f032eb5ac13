using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ebb.Cli.Clusters;

/// <summary>Turns YAML into JSON, by YAML 1.2's core rules.</summary>
internal static partial class Yaml
{
    // Aliases can make a small file describe a vast one.
    private const int MostValues = 200_000;

    private const int Deepest = 100;

    /// <exception cref="FormatException">It is not YAML, or it is more than anyone writes.</exception>
    public static JsonElement ToJson(string text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new FormatException($"line {e.Start.Line}, column {e.Start.Column}: {e.Message}", e);
        }
        catch (ArgumentException e)
        {
            throw new FormatException(e.Message, e);
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            if (stream.Documents.Count == 0)
            {
                json.WriteNullValue();
            }
            else
            {
                var left = MostValues;
                Write(stream.Documents[0].RootNode, json, 0, ref left);
            }
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory, new JsonDocumentOptions { MaxDepth = Deepest + 2 });
        return document.RootElement.Clone();
    }

    private static void Write(YamlNode node, Utf8JsonWriter json, int depth, ref int left)
    {
        if (depth > Deepest || --left < 0)
        {
            throw new FormatException("it is nested too deeply, or holds too much");
        }

        switch (node)
        {
            case YamlMappingNode mapping:
                json.WriteStartObject();
                foreach (var (key, value) in mapping)
                {
                    json.WritePropertyName((key as YamlScalarNode)?.Value
                        ?? throw new FormatException($"line {key.Start.Line}: a key must be text"));
                    Write(value, json, depth + 1, ref left);
                }

                json.WriteEndObject();
                break;
            case YamlSequenceNode sequence:
                json.WriteStartArray();
                foreach (var item in sequence)
                {
                    Write(item, json, depth + 1, ref left);
                }

                json.WriteEndArray();
                break;
            case YamlScalarNode scalar:
                Write(scalar, json);
                break;
            default:
                throw new FormatException($"line {node.Start.Line}: not understood");
        }
    }

    private static void Write(YamlScalarNode scalar, Utf8JsonWriter json)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style is not ScalarStyle.Plain)
        {
            json.WriteStringValue(text);
        }
        else if (text is "" or "~" or "null" or "Null" or "NULL")
        {
            json.WriteNullValue();
        }
        else if (text is "true" or "True" or "TRUE" or "false" or "False" or "FALSE")
        {
            json.WriteBooleanValue(text[0] is 't' or 'T');
        }
        else if (JsonNumber().IsMatch(text))
        {
            // In its own spelling: a token or a name of digits may be longer than a number is exact, or look like 1e5.
            json.WriteRawValue(text);
        }
        else if (Number().IsMatch(text) && double.TryParse(text, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
        {
            json.WriteNumberValue(number);
        }
        else
        {
            json.WriteStringValue(text);
        }
    }

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\z")]
    private static partial Regex JsonNumber();

    [GeneratedRegex(@"^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$")]
    private static partial Regex Number();
}
