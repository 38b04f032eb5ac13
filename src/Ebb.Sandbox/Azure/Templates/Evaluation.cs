using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates;

/// <summary>Where an expression is evaluated: what it may see, and which functions have a meaning there.</summary>
internal sealed record Evaluation
{
    public required TemplateScope Scope { get; init; }

    public Uses Allowed { get; init; }

    /// <summary>Null: not running yet, and a function that asks a resource throws <see cref="NotYetException"/>.</summary>
    public Runtime? Runtime { get; init; }

    /// <summary>The copy loops around, the innermost first.</summary>
    public ImmutableList<Loop> Loops { get; init; } = [];

    /// <summary>The variables of the lambdas around.</summary>
    public ImmutableDictionary<string, JsonNode?> Lambda { get; init; } = NoVariables;

    public Budget Budget => Scope.Budget;

    private static ImmutableDictionary<string, JsonNode?> NoVariables { get; } =
        ImmutableDictionary.Create<string, JsonNode?>(StringComparer.OrdinalIgnoreCase);

    public Evaluation Within(Loop loop) => this with { Loops = Loops.Insert(0, loop) };
}

/// <summary>One turn of a copy loop.</summary>
/// <param name="OfResource">The loop makes resources, not values inside one.</param>
internal sealed record Loop(string Name, int Index, bool OfResource);

/// <summary>What has a meaning only in some places.</summary>
[Flags]
internal enum Uses
{
    None = 0,

    /// <summary><c>reference</c> and <c>list…</c>: properties of resources, outputs.</summary>
    Runtime = 1,

    /// <summary><c>utcNow</c> and <c>newGuid</c>: default values of parameters.</summary>
    Fresh = 2,
}
