using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Cli.Definition.Source;

namespace Ebb.Cli.Definition.Shapes;

/// <summary>A whole number.</summary>
internal sealed class WholeShape(int least, int most) : ScalarShape<int>
{
    public override string Expected => $"a whole number from {least} to {most}";

    public override JsonObject Schema() => new() { ["type"] = "integer", ["minimum"] = least, ["maximum"] = most };

    public override JsonNode Json(int value) => JsonValue.Create(value);

    protected override bool TryTake(string text, ScalarKind kind, Reading reading, out int value, [NotNullWhen(false)] out string? problem)
    {
        value = 0;
        problem = kind switch
        {
            ScalarKind.Whole when int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= least && value <= most => null,
            ScalarKind.Whole => $"{Shown.Of(text)} is out of bounds; write {Expected}.",
            ScalarKind.OtherNumber => $"{Shown.Of(text)} is not read alike everywhere; write {Expected}, digits only.",
            ScalarKind.Text when Scalars.KindOf(text) is ScalarKind.Whole => $"'{Shown.Of(text)}' in quotes is text; write {Expected}, without quotes.",
            _ => $"'{Shown.Of(text)}' is no number; write {Expected}.",
        };
        return problem is null;
    }
}

/// <summary>1, 3 or 5, and the like.</summary>
internal sealed class OneOfShape(params int[] numbers) : ScalarShape<int>
{
    public override string Expected => $"{string.Join(", ", numbers[..^1])} or {numbers[^1]}";

    public override JsonObject Schema() => new() { ["type"] = "integer", ["enum"] = new JsonArray([.. numbers.Select(n => JsonValue.Create(n))]) };

    public override JsonNode Json(int value) => JsonValue.Create(value);

    protected override bool TryTake(string text, ScalarKind kind, Reading reading, out int value, [NotNullWhen(false)] out string? problem)
    {
        problem = kind is ScalarKind.Whole && int.TryParse(text, CultureInfo.InvariantCulture, out value) && numbers.Contains(value)
            ? null
            : $"'{Shown.Of(text)}' cannot be; write {Expected}{(kind is ScalarKind.Text && int.TryParse(text, out _) ? ", without quotes" : "")}.";
        value = problem is null ? int.Parse(text, CultureInfo.InvariantCulture) : 0;
        return problem is null;
    }
}

/// <summary>A price in USD.</summary>
internal sealed partial class PriceShape(int most) : ScalarShape<decimal>
{
    public override string Expected => $"US dollars for an hour, above 0 and up to {most}, with at most five decimals, for example 0.05";

    public override JsonObject Schema() => new() { ["type"] = "number", ["exclusiveMinimum"] = 0, ["maximum"] = most };

    public override JsonNode Json(decimal value) => JsonValue.Create(value);

    protected override bool TryTake(string text, ScalarKind kind, Reading reading, out decimal value, [NotNullWhen(false)] out string? problem)
    {
        value = 0;
        var fits = Price().IsMatch(text) && decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value) && value > 0 && value <= most;
        problem = (kind, fits) switch
        {
            (ScalarKind.Whole or ScalarKind.OtherNumber, true) => null,
            (_, true) => $"'{Shown.Of(text)}' in quotes is text; write {text} without quotes.",
            _ => $"'{Shown.Of(text)}' is no price; write {Expected}.",
        };
        return problem is null;
    }

    [GeneratedRegex(@"\A(0|[1-9][0-9]{0,5})(\.[0-9]{1,5})?\z")]
    private static partial Regex Price();
}

/// <summary>true or false.</summary>
internal sealed class FlagShape : ScalarShape<bool>
{
    public override string Expected => "true or false";

    public override JsonObject Schema() => new() { ["type"] = "boolean" };

    public override JsonNode Json(bool value) => JsonValue.Create(value);

    protected override bool TryTake(string text, ScalarKind kind, Reading reading, out bool value, [NotNullWhen(false)] out string? problem)
    {
        value = text == "true";
        problem = kind switch
        {
            ScalarKind.Flag => null,
            ScalarKind.OtherFlag => $"'{Shown.Of(text)}' is not true or false to every reader of YAML; write {Expected}.",
            ScalarKind.Text when text is "true" or "false" => $"'{text}' in quotes is text; write {text} without quotes.",
            _ => $"'{Shown.Of(text)}' cannot be; write {Expected}.",
        };
        return problem is null;
    }
}
