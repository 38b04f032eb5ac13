using System.Collections.Immutable;
using Ebb.Pools;

namespace Ebb.Scheduling;

/// <summary>Everything about a pod that decides where it fits. Interned: equal classes are one instance.</summary>
/// <remarks>Compared by reference, which makes grouping cheap; two equal instances cost time, never a wrong answer.</remarks>
public sealed class PodClass
{
    public required Resources Requests { get; init; }

    public ImmutableSortedDictionary<string, string> NodeSelector { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Required node affinity: one of these must hold. Default: none asked for.</summary>
    public ImmutableArray<NodeTerm> NodeTerms { get; init; } = [];

    /// <summary>Where its volumes can be reached: of each entry one term must hold.</summary>
    public ImmutableArray<ImmutableArray<NodeTerm>> VolumeTerms { get; init; } = [];

    public ImmutableArray<Toleration> Tolerations { get; init; } = [];

    public ImmutableArray<HostPort> HostPorts { get; init; } = [];

    /// <summary>Only those that forbid (DoNotSchedule).</summary>
    public ImmutableArray<SpreadConstraint> Spread { get; init; } = [];

    public ImmutableArray<AffinityTerm> Affinity { get; init; } = [];

    public ImmutableArray<AffinityTerm> AntiAffinity { get; init; } = [];

    /// <summary>A pod of higher priority is placed first.</summary>
    public int Priority { get; init; }

    /// <summary>Why no node at all can take it yet, for example a claim that does not exist; else null.</summary>
    public string? Blocked { get; init; }

    /// <summary>Whether it asks for more than one place among the pods of its node.</summary>
    internal bool AsksForSomething =>
        Requests is { CpuMilli: > 0 } or { MemoryBytes: > 0 } or { EphemeralStorageBytes: > 0 } or { Extended.Count: > 0 };

    /// <summary>Whether where it fits depends on where other pods are.</summary>
    internal bool LooksAtPods => Spread.Length > 0 || Affinity.Length > 0 || AntiAffinity.Length > 0;
}

/// <summary>Expressions over a node's labels, and over its fields (only <c>metadata.name</c> exists); all must hold. An empty term holds nowhere.</summary>
public sealed record NodeTerm(ImmutableArray<Requirement> Labels, ImmutableArray<Requirement> Fields);

/// <param name="Key">Empty with <paramref name="Exists"/>: every key.</param>
/// <param name="Exists">Whatever the value is.</param>
/// <param name="Effect">Null: every effect.</param>
public sealed record Toleration(string Key, bool Exists, string Value, TaintEffect? Effect);

/// <param name="Address">Empty or <c>0.0.0.0</c>: every address of the node.</param>
public sealed record HostPort(string Address, string Protocol, int Port)
{
    public bool ConflictsWith(HostPort other) =>
        Port == other.Port && Protocol == other.Protocol
        && (IsAny(Address) || IsAny(other.Address) || Address == other.Address);

    private static bool IsAny(string address) => address is "" or "0.0.0.0";
}

/// <summary>How unevenly pods alike may lie over the values of a node label.</summary>
/// <param name="Namespace">The pod's own: only pods of it are counted.</param>
/// <param name="Selector">Null counts none.</param>
/// <param name="MinDomains">With fewer domains than this, the least count is taken as 0. At least 1.</param>
/// <param name="HonorAffinity">Count only nodes that the pod's selector and affinity admit.</param>
/// <param name="HonorTaints">Count only nodes whose taints the pod tolerates.</param>
public sealed record SpreadConstraint(
    string TopologyKey,
    int MaxSkew,
    string Namespace,
    LabelSelector? Selector,
    int MinDomains = 1,
    bool HonorAffinity = true,
    bool HonorTaints = false);

/// <summary>Pods to be near, or not to be near, where nearness is an equal value of a node label.</summary>
/// <param name="Namespaces">Besides those that <paramref name="NamespaceSelector"/> selects.</param>
/// <param name="Selector">Null selects no pod.</param>
public sealed record AffinityTerm(
    string TopologyKey,
    ImmutableArray<string> Namespaces,
    LabelSelector? NamespaceSelector,
    LabelSelector? Selector);
