using System.Collections.Immutable;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>Which resource: a scope, a provider's namespace, and a name for each part of its type. Compared without regard to case.</summary>
internal sealed record ResourceId
{
    private const string Providers = "providers";

    private ResourceId(string scope, string space, ImmutableArray<string> types, ImmutableArray<string> names)
    {
        Scope = scope;
        Namespace = space;
        Types = types;
        Names = names;
        Text = scope + "/" + Providers + "/" + space + string.Concat(types.Zip(names, (type, name) => $"/{type}/{name}"));
        Key = Text.ToLowerInvariant();
    }

    /// <summary>What it lies in: "", a subscription, a group, or another resource for those that extend one.</summary>
    public string Scope { get; }

    public string Namespace { get; }

    public ImmutableArray<string> Types { get; }

    public ImmutableArray<string> Names { get; }

    public string Text { get; }

    /// <summary>The same for all casings.</summary>
    public string Key { get; }

    public string Name => Names[^1];

    /// <summary>As templates name a nested resource: all names, with slashes.</summary>
    public string FullName => string.Join('/', Names);

    /// <summary>Without the namespace, for example <c>virtualNetworks/subnets</c>.</summary>
    public string TypeName => string.Join('/', Types);

    public string FullType => $"{Namespace}/{TypeName}";

    /// <summary>The group that it lies in; null when it lies in none.</summary>
    public string? Group => Scope.Split('/', StringSplitOptions.RemoveEmptyEntries) is [_, _, var groups, var group, ..]
        && groups.Equals("resourceGroups", StringComparison.OrdinalIgnoreCase) ? group : null;

    /// <summary>What it is nested in; null for a resource of its own.</summary>
    public ResourceId? Parent => Names.Length > 1 ? new ResourceId(Scope, Namespace, Types[..^1], Names[..^1]) : null;

    /// <summary>A resource nested in this one.</summary>
    public ResourceId Child(string type, string name) => new(Scope, Namespace, Types.Add(type), Names.Add(name));

    public static ResourceId Of(string scope, string space, string typeName, params ReadOnlySpan<string> names) =>
        new(scope, space, [.. typeName.Split('/')], [.. names]);

    /// <summary>Null when the text is no resource's id: a group's or a subscription's, a list's, or something else.</summary>
    public static ResourceId? Parse(string text)
    {
        if (!text.StartsWith('/'))
        {
            return null;
        }

        var segments = text.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return At(segments) is var (scope, rest) && rest.Length > 1 && rest.Length % 2 == 1 ? Of(scope, rest) : null;
    }

    /// <summary>A path cut at its last provider: the scope before it, and from the namespace on; null when it has none.</summary>
    public static (string Scope, string[] Tail)? At(string[] segments)
    {
        var at = Array.FindLastIndex(segments, s => s.Equals(Providers, StringComparison.OrdinalIgnoreCase));
        return at < 0 || at + 1 >= segments.Length
            ? null
            : (string.Concat(segments[..at].Select(s => "/" + s)), segments[(at + 1)..]);
    }

    /// <summary>The id of a namespace followed by types and names in turn.</summary>
    internal static ResourceId Of(string scope, ReadOnlySpan<string> rest)
    {
        var types = ImmutableArray.CreateBuilder<string>();
        var names = ImmutableArray.CreateBuilder<string>();
        for (var i = 1; i + 1 < rest.Length; i += 2)
        {
            types.Add(rest[i]);
            names.Add(rest[i + 1]);
        }

        return new ResourceId(scope, rest[0], types.ToImmutable(), names.ToImmutable());
    }

    public bool Equals(ResourceId? other) => other is not null && Key == other.Key;

    public override int GetHashCode() => Key.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;
}
