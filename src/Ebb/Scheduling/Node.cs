using System.Collections.Immutable;
using Ebb.Pools;

namespace Ebb.Scheduling;

/// <summary>One Kubernetes node with what is on it.</summary>
public sealed record Node
{
    // Filled on first use; two threads would come to the same.
    private NodeLoad? _load;

    public required string Name { get; init; }

    public required string Uid { get; init; }

    public string ProviderId { get; init; } = "";

    public required NodeShape Shape { get; init; }

    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public bool Ready { get; init; }

    /// <summary>Since when it is ready, is not, or is not known to be; null when nobody says.</summary>
    public DateTimeOffset? ReadyChangedAt { get; init; }

    /// <summary>Someone cordoned it (spec.unschedulable).</summary>
    public bool Cordoned { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>All pods bound to it, finished ones too.</summary>
    public ImmutableArray<Pod> Pods
    {
        get;
        init
        {
            field = value;
            _load = null;
        }
    }
    = [];

    public string SystemUuid { get; init; } = "";

    /// <summary>The release of its kubelet, for example <c>v1.31.5+k3s1</c>; empty when unknown.</summary>
    public string KubeletVersion { get; init; } = "";

    public ImmutableArray<string> Addresses { get; init; } = [];

    internal NodeLoad Load => _load ??= NodeLoad.Of(this);
}
