using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Api;

/// <summary>One place in which two answers are not the same. Null: there is nothing.</summary>
/// <param name="Where">"code", "header NAME", a JSON pointer into the body, or "answer" where one is a refusal.</param>
internal sealed record Difference(string Where, string? Real, string? Ours)
{
    public override string ToString() => $"    {Where}\n      real: {Cut(Real)}\n      ours: {Cut(Ours)}";

    private static string Cut(string? text) =>
        text is null ? "-" : text.Length > 700 ? text[..700] + "…" : text;
}

internal static class Comparison
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static List<Difference> Of(Answer real, Answer ours)
    {
        var found = new List<Difference>();
        if (real.Code != ours.Code)
        {
            found.Add(new Difference("code", real.Code.ToString(), ours.Code.ToString()));
        }

        foreach (var header in real.Headers.Keys.Union(ours.Headers.Keys))
        {
            var (one, other) = (real.Headers.GetValueOrDefault(header), ours.Headers.GetValueOrDefault(header));
            if (one != other)
            {
                found.Add(new Difference("header " + header, one, other));
            }
        }

        if (real.Code < 300 == ours.Code < 300)
        {
            Compare("", real.Body, ours.Body, found);
        }
        else
        {
            // An object held against a refusal differs in everything; what was refused, and why, is all there is to say.
            found.Add(new Difference("answer", Brief(real.Body), Brief(ours.Body)));
        }

        return found;
    }

    private static void Compare(string where, JsonNode? real, JsonNode? ours, List<Difference> found)
    {
        switch (real, ours)
        {
            case (JsonObject one, JsonObject other):
                foreach (var name in one.Select(p => p.Key).Union(other.Select(p => p.Key)))
                {
                    Compare($"{where}/{name.Replace("/", "~1")}", one[name], other[name], found);
                }

                break;
            case (JsonArray one, JsonArray other) when one.Count == other.Count:
                for (var i = 0; i < one.Count; i++)
                {
                    Compare($"{where}/{i}", one[i], other[i], found);
                }

                break;
            case (JsonArray one, JsonArray other) when one.Concat(other).All(item => (item as JsonObject)?["metadata"]?["name"] is not null):
                found.Add(new Difference(where, Listed(one), Listed(other)));
                break;
            case (null, null):
                break;
            default:
                if (!JsonNode.DeepEquals(real, ours))
                {
                    found.Add(new Difference(where.Length == 0 ? "/" : where, Show(real), Show(ours)));
                }

                break;
        }
    }

    internal static string? AsTextOrNull(this JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    private static string Listed(JsonArray items) =>
        string.Join(", ", items.Select(item => item!["metadata"]!["name"].AsTextOrNull()));

    private static string? Brief(JsonNode? body) => (body as JsonObject)?["message"].AsTextOrNull() is { } message
        ? $"{body!["reason"].AsTextOrNull()}: {message}" : Show(body);

    private static string? Show(JsonNode? node) => node.AsTextOrNull() ?? node?.ToJsonString(Plain);
}
