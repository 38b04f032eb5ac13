using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates.Reading;

namespace Ebb.Sandbox.Azure.Templates.Expanding;

/// <summary>A template that has the form of one; nothing in it is evaluated yet.</summary>
internal sealed class Template
{
    private const int MostParameters = 256;
    private const int MostVariables = 256;
    private const int MostOutputs = 64;

    private readonly JsonSource _source;

    private Template(JsonSource source, JsonObject root, string path)
    {
        _source = source;
        Root = root;
        Path = path;
        Parameters = Section("parameters");
        Variables = Section("variables");
        Outputs = Section("outputs");
        Definitions = Section("definitions");
        Bound("parameters", Parameters.Count, MostParameters);
        Bound("variables", Variables.Count, MostVariables);
        Bound("outputs", Outputs.Count, MostOutputs);
    }

    public JsonObject Root { get; }

    /// <summary>Where the template is in the request, for example <c>properties.template</c>.</summary>
    public string Path { get; }

    public JsonObject Parameters { get; }

    public JsonObject Variables { get; }

    public JsonObject Outputs { get; }

    public JsonObject Definitions { get; }

    /// <summary>The resources with their symbols, which are null in a template that has a list of them.</summary>
    public IEnumerable<(string? Symbol, JsonNode? Source, string Path)> Resources => Values.Member(Root, "resources") switch
    {
        JsonObject o => o.Select(m => ((string?)m.Key, m.Value, $"{Path}.resources.{m.Key}")),
        JsonArray list => list.Select((r, i) => ((string?)null, r, $"{Path}.resources[{i}]")),
        _ => [],
    };

    /// <exception cref="TemplateException">A part is missing or of the wrong kind, or there are too many.</exception>
    public static Template Read(JsonSource source, JsonNode? node, string path)
    {
        if (node is not JsonObject root)
        {
            throw TemplateException.Unreadable($"The template must be an object. Path '{path}', line 1, position 1.", Place.Start, path);
        }

        foreach (var name in (string[])["$schema", "contentVersion", "resources"])
        {
            if (Values.Member(root, name) is not { } value)
            {
                throw TemplateException.Unreadable($"Required property '{name}' not found in JSON. Path '{path}', line 1, position 1.", Place.Start, path);
            }

            var fits = name == "resources" ? value is JsonArray or JsonObject : Values.Text(value) is not null;
            if (!fits)
            {
                throw WrongKind(source, root, value, $"{path}.{name}");
            }
        }

        return new Template(source, root, path);
    }

    public Place? PlaceOf(JsonNode? node) => _source.PlaceOf(node, Root);

    /// <summary>A template inside this one.</summary>
    public Template Inner(JsonNode? node, string path) => Read(_source, node, path);

    private JsonObject Section(string name) => Values.Member(Root, name) switch
    {
        null => new JsonObject(Values.NoCase),
        JsonObject o => o,
        var other => throw WrongKind(_source, Root, other, $"{Path}.{name}"),
    };

    private void Bound(string what, int count, int most)
    {
        if (count > most)
        {
            throw TemplateException.Invalid($"The number of template {what} limit exceeded. Limit: {most} and actual: {count}. Please see https://aka.ms/arm-syntax for usage details.", Place.Start, $"{Path}.{what}");
        }
    }

    private static TemplateException WrongKind(JsonSource source, JsonNode root, JsonNode value, string path)
    {
        var at = source.PlaceOf(value, root) ?? Place.Start;
        return TemplateException.Unreadable($"The value has the wrong type '{Values.KindOf(value)}'. Path '{path}', line {at.Line}, position {at.Column}.", at, path);
    }
}
