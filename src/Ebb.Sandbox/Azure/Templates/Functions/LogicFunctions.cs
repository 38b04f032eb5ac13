namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>Conditions and comparisons. A branch that is not taken is not evaluated.</summary>
internal static class LogicFunctions
{
    public static IEnumerable<Function> All { get; } =
    [
        new("if", 3, 3, a => a.Truth(0) ? a[1] : a[2]) { Passes = true },
        new("and", 2, Function.Any, a => Enumerable.Range(0, a.Count).All(a.Truth)),
        new("or", 2, Function.Any, a => Enumerable.Range(0, a.Count).Any(a.Truth)),
        new("not", 1, 1, a => !a.Truth(0)),
        new("true", 0, 0, _ => true),
        new("false", 0, 0, _ => false),
        new("bool", 1, 1, a => Bool(a)),
        new("coalesce", 1, Function.Any, a => a.All.FirstOrDefault(v => v is not null)) { Passes = true },
        new("equals", 2, 2, a => Values.Same(a[0], a[1])),
        new("less", 2, 2, a => Compare(a) < 0),
        new("lessOrEquals", 2, 2, a => Compare(a) <= 0),
        new("greater", 2, 2, a => Compare(a) > 0),
        new("greaterOrEquals", 2, 2, a => Compare(a) >= 0),
        new("fail", 1, 1, a => throw TemplateException.Expression($"The template evaluation failed: {a.Text(0)}")),
    ];

    private static bool Bool(Arguments a) =>
        Values.Truth(a[0])
        ?? (Values.Whole(a[0]) is { } whole ? whole != 0 : (bool?)null)
        ?? (Values.Text(a[0])?.ToLowerInvariant() switch { "true" or "1" => true, "false" or "0" => false, _ => (bool?)null })
        ?? throw a.Wrong(0, "a boolean, an integer, or a string that is 'true' or 'false'");

    private static int Compare(Arguments a) => (Values.Whole(a[0]), Values.Whole(a[1])) switch
    {
        ({ } left, { } right) => left.CompareTo(right),
        _ => string.CompareOrdinal(a.Text(0), a.Text(1)),
    };
}
