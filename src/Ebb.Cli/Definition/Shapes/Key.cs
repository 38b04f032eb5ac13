using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Cli.Definition.Source;

namespace Ebb.Cli.Definition.Shapes;

/// <summary>One row of the table of keys: what reader, schema and documentation know of a key.</summary>
internal abstract class Key<T>(string name, string about)
{
    public string Name => name;

    /// <summary>One sentence or more for people.</summary>
    public string About => about;

    public bool Required { get; init; }

    /// <summary>A value as it may stand in the file, on one line.</summary>
    public required string Example { get; init; }

    /// <summary>What holds when the key is not given, where that is no fixed value.</summary>
    public string? DefaultWords { get; init; }

    /// <param name="start">Has the values of keys that are not given.</param>
    public abstract Row Row(T start);

    public abstract JsonObject Schema(T start);

    public abstract T Read(T into, SourceNode node, string path, Reading reading);
}

/// <param name="get">For the default; null where there is none, or none in one word.</param>
internal sealed class Key<T, TValue>(string name, string about, Shape<TValue> shape, Func<T, TValue, T> set, Func<T, TValue>? get = null)
    : Key<T>(name, about)
{
    public override Row Row(T start) => new()
    {
        Name = Name,
        About = About,
        Required = Required,
        Example = Example,
        Default = DefaultWords ?? (get is null ? "" : Flow(shape.Json(get(start)))),
        Values = shape.Expected,
        Within = shape.Rows,
        IsList = shape.IsList,
    };

    public override JsonObject Schema(T start)
    {
        var schema = shape.Schema();
        schema["description"] = DefaultWords is null ? About : $"{About} Default: {DefaultWords}.";
        if (get is not null && DefaultWords is null)
        {
            schema["default"] = shape.Json(get(start));
        }

        return schema;
    }

    public override T Read(T into, SourceNode node, string path, Reading reading) =>
        shape.TryRead(node, path, reading, out var value) ? set(into, value) : into;

    private static string Flow(JsonNode node) => node switch
    {
        JsonArray list => $"[{string.Join(", ", list.Select(item => Flow(item!)))}]",
        JsonObject map => $"{{{string.Join(", ", map.Select(entry => $"{entry.Key}: {Flow(entry.Value!)}"))}}}",
        _ => node.ToString(),
    };
}

/// <summary>A key as documentation has it.</summary>
internal sealed record Row
{
    public required string Name { get; init; }

    public required string About { get; init; }

    public required bool Required { get; init; }

    public required string Example { get; init; }

    /// <summary>Empty: nothing.</summary>
    public required string Default { get; init; }

    /// <summary>What may be written.</summary>
    public required string Values { get; init; }

    /// <summary>The keys of its section, or of each of its list's.</summary>
    public required ImmutableArray<Row> Within { get; init; }

    public required bool IsList { get; init; }
}
