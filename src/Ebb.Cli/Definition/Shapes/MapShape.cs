using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Ebb.Cli.Definition.Source;

namespace Ebb.Cli.Definition.Shapes;

/// <summary>A mapping whose keys the user chooses.</summary>
/// <param name="expected">See <see cref="Shape{T}.Expected"/>.</param>
internal sealed class MapShape(string expected, TextShape<string> key, TextShape<string> value, int most) : Shape<ImmutableSortedDictionary<string, string>>
{
    public override string Expected => expected;

    public override JsonObject Schema() => new()
    {
        ["type"] = "object",
        ["propertyNames"] = key.Schema(),
        ["additionalProperties"] = value.Schema(),
        ["maxProperties"] = most,
    };

    public override JsonNode Json(ImmutableSortedDictionary<string, string> value) =>
        new JsonObject(value.Select(entry => KeyValuePair.Create<string, JsonNode?>(entry.Key, JsonValue.Create(entry.Value))));

    protected override bool TryTake(
        SourceNode node, string path, Reading reading, [MaybeNullWhen(false)] out ImmutableSortedDictionary<string, string> value1)
    {
        value1 = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
        if (node is not SourceNode.Mapping mapping)
        {
            reading.Problem(path, node.Place, $"write {expected}, or remove the key.");
            return false;
        }

        if (mapping.Entries.Length > most)
        {
            reading.Problem(path, node.Place, $"here are {mapping.Entries.Length} keys; at most {most} are allowed.");
            return false;
        }

        foreach (var entry in mapping.Entries)
        {
            // A key is always text; only its value can be taken for a number.
            var within = $"{path}['{Shown.Of(entry.Key)}']";
            if (key.TryRead(new SourceNode.Scalar(entry.KeyPlace, entry.Key, plain: false), within, reading, out var name)
                & value.TryRead(entry.Value, within, reading, out var text))
            {
                value1 = value1.SetItem(name!, text!);
            }
        }

        return true;
    }
}
