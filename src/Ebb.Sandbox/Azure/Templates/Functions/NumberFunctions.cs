using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>Whole numbers of 64 bits; a result that does not fit is an error.</summary>
internal static class NumberFunctions
{
    public static IEnumerable<Function> All { get; } =
    [
        new("int", 1, 1, a => Int(a)),
        new("float", 1, 1, a => Float(a)),
        new("add", 2, 2, a => Of(a, (x, y) => checked(x + y))),
        new("sub", 2, 2, a => Of(a, (x, y) => checked(x - y))),
        new("mul", 2, 2, a => Of(a, (x, y) => checked(x * y))),
        new("div", 2, 2, a => Of(a, (x, y) => checked(x / y))),
        new("mod", 2, 2, a => Of(a, (x, y) => checked(x % y))),
        new("min", 1, Function.Any, a => Numbers(a).Min()),
        new("max", 1, Function.Any, a => Numbers(a).Max()),
        new("copyIndex", 0, 2, a => CopyIndex(a)),
    ];

    private static long Int(Arguments a) =>
        Values.Whole(a[0])
        ?? (long.TryParse(Values.Text(a[0]), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : Values.KindOf(a[0]) == "Float" && decimal.TryParse(Values.Written(a[0]), NumberStyles.Float, CultureInfo.InvariantCulture, out var fraction)
                && Math.Abs(fraction) < long.MaxValue
                ? (long)fraction
                : throw a.Wrong($"the provided value '{Brief(a[0])}' cannot be converted to an integer"));

    private static JsonNode Float(Arguments a)
    {
        try
        {
            return Values.NumberOf(Values.Written(a[0]));
        }
        catch (JsonException)
        {
            throw a.Wrong($"the provided value '{Brief(a[0])}' cannot be converted to a number");
        }
    }

    private static long Of(Arguments a, Func<long, long, long> operation)
    {
        try
        {
            return operation(a.Whole(0), a.Whole(1));
        }
        catch (DivideByZeroException)
        {
            throw a.Wrong("the second argument must not be zero");
        }
        catch (OverflowException)
        {
            throw a.Wrong("the result does not fit an integer of 64 bits");
        }
    }

    private static long[] Numbers(Arguments a)
    {
        if (a.Count == 1 && a[0] is JsonArray list)
        {
            return list.Count == 0
                ? throw a.Wrong("the array must not be empty")
                : [.. list.Select(i => Values.Whole(i) ?? throw a.Wrong("the items of the array must be integers"))];
        }

        return [.. Enumerable.Range(0, a.Count).Select(a.Whole)];
    }

    private static long CopyIndex(Arguments a)
    {
        var name = a.Count > 0 ? Values.Text(a[0]) : null;
        if (name is null && a.Count > 1)
        {
            throw a.Wrong(0, "the name of a copy loop");
        }

        // Without a name it is the loop over resources; where there is none, the innermost loop over values.
        var loops = a.On.Loops;
        var loop = name is null
            ? loops.Find(l => l.OfResource) ?? (loops.IsEmpty ? null : loops[0])
            : loops.Find(l => l.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (loop is null)
        {
            throw TemplateException.Expression(name is null
                ? "The template function 'copyIndex' is not expected at this location. The function can only be used in a resource with copy specified. Please see https://aka.ms/arm-copy for usage details."
                : $"The template function 'copyIndex' is not valid: there is no copy loop with the name '{name}' here. Please see https://aka.ms/arm-copy for usage details.");
        }

        var offset = name is null ? (a.Count > 0 ? a.Whole(0) : 0) : a.Count > 1 ? a.Whole(1) : 0;
        return loop.Index + offset;
    }

    private static string Brief(JsonNode? value)
    {
        var text = Values.Written(value);
        return text.Length <= 40 ? text : text[..40] + "...";
    }
}
