using System.Collections.Immutable;
using Ebb.Pools;

namespace Ebb.Scheduling;

/// <summary>Everything about a pod that decides where it fits. Interned: equal classes are one instance.</summary>
public sealed class PodClass
{
    public required Resources Requests { get; init; }

    public ImmutableSortedDictionary<string, string> NodeSelector { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}
