using System.Collections.Immutable;

namespace Ebb.Sandbox.Kubernetes.Store;

/// <summary>A kind of object that the store keeps. Two are equal when group and plural are.</summary>
/// <param name="Group">Empty for the core group.</param>
/// <param name="Version">The version in which objects are kept.</param>
public sealed record Kind(string Group, string Version, string Name, string Plural, bool Namespaced)
{
    public string ApiVersion { get; } = Group.Length == 0 ? Version : Group + "/" + Version;

    /// <summary>How errors name it: "pods", "deployments.apps".</summary>
    public string Resource { get; } = Group.Length == 0 ? Plural : Plural + "." + Group;

    public string Singular { get; init; } = Name.ToLowerInvariant();

    public ImmutableArray<string> ShortNames { get; init; } = [];

    public ImmutableArray<string> Categories { get; init; } = [];

    /// <summary>Other versions of the group under which the same objects are served, newest first.</summary>
    public ImmutableArray<string> OtherVersions { get; init; } = [];

    /// <summary>It has a status subresource: the main endpoint leaves status alone, and the other way round.</summary>
    public bool HasStatus { get; init; }

    public bool HasScale { get; init; }

    /// <summary>metadata.generation counts the changes of spec.</summary>
    public bool HasGeneration { get; init; }

    /// <summary>Defined by a CustomResourceDefinition: no strategic merge, no typed defaults.</summary>
    public bool Custom { get; init; }

    public bool Equals(Kind? other) => other is not null && Plural == other.Plural && Group == other.Group;

    public override int GetHashCode() => HashCode.Combine(Plural, Group);

    public override string ToString() => Resource;
}
