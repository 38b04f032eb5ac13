using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Ebb.Cli.Definition.Source;

namespace Ebb.Cli.Definition.Shapes;

/// <summary>Several values of one shape.</summary>
/// <param name="expected">See <see cref="Shape{T}.Expected"/>.</param>
/// <param name="aloneToo">One value may stand without a list around it.</param>
internal sealed class ListShape<T>(string expected, Shape<T> item, int most, int least = 0, bool aloneToo = false) : Shape<ImmutableArray<T>>
{
    public override string Expected => expected;

    public override JsonObject Schema()
    {
        var list = new JsonObject { ["type"] = "array", ["items"] = item.Schema(), ["maxItems"] = most };
        if (least > 0)
        {
            list["minItems"] = least;
        }

        return aloneToo ? new JsonObject { ["anyOf"] = new JsonArray(item.Schema(), list) } : list;
    }

    public override bool IsList => true;

    public override ImmutableArray<Row> Rows => item.Rows;

    public override JsonNode Json(ImmutableArray<T> value) =>
        aloneToo && value.Length == 1 ? item.Json(value[0]) : new JsonArray([.. value.Select(item.Json)]);

    protected override bool TryTake(SourceNode node, string path, Reading reading, [MaybeNullWhen(false)] out ImmutableArray<T> value)
    {
        value = [];
        if (node is SourceNode.Scalar && aloneToo)
        {
            var sound = item.TryRead(node, path, reading, out var alone);
            value = sound ? [alone!] : [];
            return sound;
        }

        if (node is not SourceNode.List list)
        {
            var empty = node is SourceNode.Scalar { Plain: true } scalar && Scalars.KindOf(scalar.Text) is ScalarKind.Nothing;
            reading.Problem(path, node.Place, empty
                ? $"it has no value; write {expected}, or remove the key."
                : $"here is {(node is SourceNode.Mapping ? "a mapping of keys" : "a single value")}; write {expected}.");
            return false;
        }

        if (list.Items.Length > most || list.Items.Length < least)
        {
            reading.Problem(path, node.Place, $"here are {list.Items.Length} values; {(list.Items.Length > most ? $"at most {most} are allowed" : $"at least {least} must be given")}.");
            return false;
        }

        var values = ImmutableArray.CreateBuilder<T>();
        for (var i = 0; i < list.Items.Length; i++)
        {
            if (item.TryRead(list.Items[i], $"{path}[{i}]", reading, out var one))
            {
                values.Add(one);
            }
        }

        value = values.ToImmutable();
        return value.Length == list.Items.Length;
    }
}
