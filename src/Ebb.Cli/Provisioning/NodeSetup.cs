using System.Collections.Immutable;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Joining;

namespace Ebb.Cli.Provisioning;

/// <summary>All that a machine of a pool needs to become a node of a cluster.</summary>
internal sealed record NodeSetup
{
    /// <summary>Where machines reach the API server.</summary>
    public required Uri Server { get; init; }

    /// <summary>The authority to trust there.</summary>
    public required string AuthorityPem { get; init; }

    /// <summary>With what a machine asks for its own certificate; short-lived, since whoever is on the machine can read it.</summary>
    public required BootstrapToken Token { get; init; }

    /// <summary>The release of the kubelet that is on the machine.</summary>
    public required ReleaseVersion Kubernetes { get; init; }

    public required string Pool { get; init; }

    /// <summary>Labels beyond those of its pool, place and size.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary><c>KEY=VALUE:EFFECT</c> each.</summary>
    public ImmutableArray<string> Taints { get; init; } = [];

    public NodeRuntime Runtime { get; init; } = new();
}

/// <summary>How containers are run on a machine: what depends on the machine's image and not on the cluster.</summary>
internal sealed record NodeRuntime
{
    /// <summary>Who makes control groups: <c>systemd</c>, or <c>cgroupfs</c> for the kubelet itself. Default systemd.</summary>
    public string CgroupDriver { get; init; } = "systemd";

    /// <summary>What holds a pod's namespaces; null for the runtime's own choice.</summary>
    public string? PauseImage { get; init; }

    /// <summary>A directory of image archives that the machine brings along; they are imported before the kubelet starts.</summary>
    public string ImageArchives { get; init; } = "/usr/lib/ebb/images";

    /// <summary>The machine may lower nobody's chance to be ended when memory runs out, as containers' priorities ask for.</summary>
    public bool RestrictOomScore { get; init; }
}
