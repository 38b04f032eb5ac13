using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Reading;

/// <summary>A JSON text that remembers where each of its values stands. Names in it are found without regard to case.</summary>
internal sealed class JsonSource
{
    private readonly Dictionary<JsonNode, Place> _places;

    internal JsonSource(JsonNode? root, Dictionary<JsonNode, Place> places)
    {
        Root = root;
        _places = places;
    }

    public JsonNode? Root { get; }

    /// <summary>Reads a text as tolerantly as Azure does: comments, line breaks in strings, names without quotes, a last comma.</summary>
    /// <exception cref="TemplateException">It is no JSON all the same, or nested too deeply.</exception>
    public static JsonSource Read(string text) => new TolerantReader(text).Read();

    /// <summary>A value that was never text: nothing in it has a place.</summary>
    public static JsonSource Of(JsonNode? value) => new(value, []);

    /// <summary>Where a value stands, counted from where <paramref name="origin"/> begins; null when that is not known.</summary>
    public Place? PlaceOf(JsonNode? value, JsonNode? origin = null)
    {
        if (value is null || !_places.TryGetValue(value, out var place))
        {
            return null;
        }

        return origin is not null && _places.TryGetValue(origin, out var start) ? place.From(start) : place;
    }
}
