namespace Ebb.Sandbox.Azure.Templates;

/// <summary>Where something stands in a template's text. Both count from 1.</summary>
internal readonly record struct Place(int Line, int Column)
{
    public static Place Start { get; } = new(1, 1);

    /// <summary>The same place counted from where <paramref name="origin"/> is.</summary>
    public Place From(Place origin) => Line == origin.Line
        ? new Place(1, Math.Max(1, Column - origin.Column + 1))
        : new Place(Math.Max(1, Line - origin.Line + 1), Column);
}
