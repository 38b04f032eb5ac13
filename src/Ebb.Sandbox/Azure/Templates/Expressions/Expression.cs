using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Expressions;

/// <summary>What stands between a string's brackets.</summary>
internal abstract record Expression
{
    private Expression()
    {
    }

    /// <summary>The value is held by something, so that it is copied wherever it goes.</summary>
    public sealed record Literal(JsonNode Value) : Expression;

    /// <param name="Space">The namespace of a function that the template defines; null for the language's own.</param>
    public sealed record Call(string? Space, string Name, ImmutableArray<Expression> Arguments) : Expression
    {
        public string FullName => Space is null ? Name : $"{Space}.{Name}";
    }

    public sealed record Member(Expression Of, string Name) : Expression;

    public sealed record Item(Expression Of, Expression Index) : Expression;
}
