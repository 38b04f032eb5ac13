using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Cli.Definition.Source;

namespace Ebb.Cli.Definition.Shapes;

/// <summary>Text of a certain form.</summary>
/// <param name="expected">See <see cref="Shape{T}.Expected"/>.</param>
/// <param name="pattern">Of the whole text, in what .NET and ECMAScript have in common.</param>
/// <param name="problem">More that is wrong with text of that form, with the remedy; null when nothing is.</param>
/// <param name="parse">Gives the value of sound text.</param>
internal sealed class TextShape<T>(
    string expected, string pattern, Func<string, T> parse, Func<T, string> format, Func<string, string?>? problem = null, int longest = 253)
    : ScalarShape<T>
{
    private readonly Regex _form = new($@"\A(?:{pattern})\z", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

    public override string Expected => expected;

    public override JsonObject Schema() => new() { ["type"] = "string", ["pattern"] = $"^(?:{pattern})$", ["maxLength"] = longest };

    public override JsonNode Json(T value) => JsonValue.Create(format(value));

    /// <summary>What is wrong with this text, with the remedy; null when nothing is.</summary>
    public string? Problem(string text, ScalarKind kind = ScalarKind.Text)
    {
        var fits = text.Length <= longest && _form.IsMatch(text);
        return (kind, fits) switch
        {
            (_, false) when text.Contains("${", StringComparison.Ordinal) => $"variables such as ${{NAME}} are read for secrets only; write {expected}.",
            (ScalarKind.Text, false) => $"'{Shown.Of(text)}' cannot be; write {expected}.",
            (ScalarKind.Text, true) => problem?.Invoke(text),
            (_, true) => $"{Shown.Of(text)} without quotes is {Scalars.Word(kind)}; write \"{text}\".",
            (_, false) => $"{Shown.Of(text)} without quotes is {Scalars.Word(kind)}; write {expected}.",
        };
    }

    protected override bool TryTake(
        string text, ScalarKind kind, Reading reading, [MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out string? why)
    {
        why = Problem(text, kind);
        value = why is null ? parse(text) : default;
        return why is null;
    }
}

/// <summary>Text that is its own value.</summary>
internal static class Text
{
    public static TextShape<string> Of(string expected, string pattern, Func<string, string?>? problem = null, int longest = 253) =>
        new(expected, pattern, text => text, text => text, problem, longest);
}
