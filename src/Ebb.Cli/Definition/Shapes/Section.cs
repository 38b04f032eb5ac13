using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Ebb.Cli.Definition.Source;

namespace Ebb.Cli.Definition.Shapes;

/// <summary>A mapping whose keys are known: each row says all that there is to say of one.</summary>
/// <param name="start">What is there when no key is given.</param>
internal sealed class Section<T>(T start, params Key<T>[] keys) : Shape<T>
    where T : notnull
{
    public override string Expected => keys.Any(k => k.Required)
        ? $"a mapping with {string.Join(", ", keys.Where(k => k.Required).Select(k => $"'{k.Name}'"))}"
        : $"keys such as '{keys[0].Name}'";

    public override ImmutableArray<Row> Rows => [.. keys.Select(k => k.Row(start))];

    public override JsonObject Schema()
    {
        var properties = new JsonObject();
        foreach (var key in keys)
        {
            properties[key.Name] = key.Schema(start);
        }

        var schema = new JsonObject { ["type"] = "object", ["additionalProperties"] = false, ["properties"] = properties };
        if (keys.Any(k => k.Required))
        {
            schema["required"] = new JsonArray([.. keys.Where(k => k.Required).Select(k => JsonValue.Create(k.Name))]);
        }

        return schema;
    }

    public override JsonNode Json(T value) => throw new NotSupportedException("A section has a default for each of its keys, not one for itself.");

    protected override bool TryTake(SourceNode node, string path, Reading reading, [MaybeNullWhen(false)] out T value)
    {
        value = start;
        if (node is not SourceNode.Mapping mapping)
        {
            var empty = node is SourceNode.Scalar { Plain: true } scalar && Scalars.KindOf(scalar.Text) is ScalarKind.Nothing;
            reading.Problem(path, node.Place, empty
                ? $"nothing stands under it; write {Expected}, or remove the key."
                : $"here is {(node is SourceNode.List ? "a list" : "a single value")}; write {Expected}.");
            return false;
        }

        foreach (var entry in mapping.Entries)
        {
            if (keys.FirstOrDefault(k => k.Name == entry.Key) is { } key)
            {
                value = key.Read(value, entry.Value, path.Length == 0 ? key.Name : $"{path}.{key.Name}", reading);
            }
            else
            {
                reading.Problem(path, entry.KeyPlace, Unknown(entry.Key));
            }
        }

        foreach (var missing in keys.Where(k => k.Required && mapping.Entries.All(e => e.Key != k.Name)))
        {
            reading.Problem(path, node.Place, $"'{missing.Name}' is missing: {missing.About} For example {missing.Name}: {missing.Example}");
        }

        return true;
    }

    private string Unknown(string key)
    {
        if (key == "<<")
        {
            return "'<<' merges are not read. Write the keys out, or give a whole value by an alias.";
        }

        var perhaps = Nearest.Perhaps(key, keys.Select(k => k.Name));
        return $"there is no key '{Shown.Of(key)}' here.{(perhaps.Length > 0 ? perhaps : $" There is {string.Join(", ", keys.Select(k => k.Name))}.")}";
    }
}
