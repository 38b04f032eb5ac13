using System.Diagnostics.CodeAnalysis;
using Ebb.Cli.Definition.Source;

namespace Ebb.Cli.Definition.Shapes;

/// <summary>One value that is neither a list nor a mapping.</summary>
internal abstract class ScalarShape<T> : Shape<T>
{
    protected sealed override bool TryTake(SourceNode node, string path, Reading reading, [MaybeNullWhen(false)] out T value)
    {
        if (node is not SourceNode.Scalar scalar)
        {
            var found = node is SourceNode.List ? "a list" : "a mapping of keys";
            reading.Problem(path, node.Place, $"here is {found}; write {Expected}.");
            value = default;
            return false;
        }

        var kind = scalar.Plain ? Scalars.KindOf(scalar.Text) : ScalarKind.Text;
        if (kind is ScalarKind.Nothing)
        {
            reading.Problem(path, node.Place, $"it has no value; write {Expected}, or remove the key.");
            value = default;
            return false;
        }

        if (TryTake(scalar.Text, kind, reading, out value, out var problem))
        {
            return true;
        }

        reading.Problem(path, node.Place, problem);
        return false;
    }

    /// <summary>Reads what was written, which is something.</summary>
    protected abstract bool TryTake(
        string text, ScalarKind kind, Reading reading, [MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out string? problem);
}
