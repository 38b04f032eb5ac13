using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Ebb.Cli.Definition.Source;

namespace Ebb.Cli.Definition.Shapes;

/// <summary>One of a few words.</summary>
internal sealed class ChoiceShape<T>(params (string Word, T Value)[] choices) : ScalarShape<T>
{
    private readonly string[] _words = [.. choices.Select(c => c.Word)];

    public override string Expected => _words.Length == 1 ? _words[0] : $"{string.Join(", ", _words[..^1])} or {_words[^1]}";

    public override JsonObject Schema() => new() { ["type"] = "string", ["enum"] = new JsonArray([.. _words.Select(w => JsonValue.Create(w))]) };

    public override JsonNode Json(T value) => JsonValue.Create(choices.First(c => Equals(c.Value, value)).Word);

    protected override bool TryTake(
        string text, ScalarKind kind, Reading reading, [MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out string? problem)
    {
        var found = Array.FindIndex(choices, c => c.Word == text);
        if (found >= 0)
        {
            (value, problem) = (choices[found].Value, null);
            return true;
        }

        value = default;
        problem = $"'{Shown.Of(text)}' cannot be; write {Expected}.{Nearest.Perhaps(text, _words)}";
        return false;
    }
}
