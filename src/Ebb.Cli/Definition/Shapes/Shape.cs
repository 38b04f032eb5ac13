using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Ebb.Cli.Definition.Source;

namespace Ebb.Cli.Definition.Shapes;

/// <summary>
/// What a value may be: how it is read, and what the JSON Schema says of it. Each shape has both, so that they cannot part ways.
/// </summary>
internal abstract class Shape<T>
{
    /// <summary>What to write, as the end of a sentence that begins with "write".</summary>
    public abstract string Expected { get; }

    /// <summary>
    /// Reads the value. Problems are told to <paramref name="reading"/>, and what could be read is given all the same, so that
    /// more can be told at once; false when that is nothing.
    /// </summary>
    public bool TryRead(SourceNode node, string path, Reading reading, [MaybeNullWhen(false)] out T value)
    {
        reading.Enter(path, node.Place);
        if (node is SourceNode.Broken)
        {
            reading.Problem(path, node.Place, "its value could not be read, see there.");
            value = default;
            return false;
        }

        return TryTake(node, path, reading, out value);
    }

    public abstract JsonObject Schema();

    /// <summary>As it would stand in the file, for defaults.</summary>
    public abstract JsonNode Json(T value);

    public virtual bool IsList => false;

    /// <summary>The keys within; none where it is a value.</summary>
    public virtual ImmutableArray<Row> Rows => [];

    protected abstract bool TryTake(SourceNode node, string path, Reading reading, [MaybeNullWhen(false)] out T value);
}
