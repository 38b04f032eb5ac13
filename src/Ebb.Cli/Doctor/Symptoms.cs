using System.Collections.Immutable;
using Ebb.Acting.Draining;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Reports;

namespace Ebb.Cli.Doctor;

/// <summary>All that was seen of a cluster at one instant; what could not be looked at is null, with the reason beside it.</summary>
internal sealed record Symptoms
{
    public required DateTimeOffset Now { get; init; }

    /// <summary>How commands about this cluster go on: <c> -f FILE</c>, or nothing.</summary>
    public string Flag { get; init; } = "";

    /// <summary>The resource groups; empty where the cluster is of no <c>ebb.yaml</c>.</summary>
    public ImmutableArray<GroupReport> Groups { get; init; } = [];

    /// <summary>In which ways the cloud differs from the file.</summary>
    public ImmutableArray<ClusterChange> Drift { get; init; } = [];

    /// <summary>Why 'ebb up' could not do what the file asks for.</summary>
    public ImmutableArray<string> Impediments { get; init; } = [];

    /// <summary>Why file or cloud could not be looked at; null when they were.</summary>
    public string? CloudTrouble { get; init; }

    public ImmutableArray<CertificateSign> Certificates { get; init; } = [];

    /// <summary>Rotations of keys that were begun and are not finished, by what is rotated.</summary>
    public ImmutableSortedDictionary<string, Rotation> Rotations { get; init; } = KeyState.NoRotations;

    /// <summary>About the machines of its control plane; null where they were not looked at.</summary>
    public ControlPlanePlan? ControlPlane { get; init; }

    /// <summary>The cluster with its machines; null when Kubernetes did not answer.</summary>
    public StatusReport? Status { get; init; }

    public ImmutableArray<NodeSign> Nodes { get; init; } = [];

    /// <summary>Why Kubernetes did not answer; null when it did.</summary>
    public string? KubernetesTrouble { get; init; }
}

/// <param name="Until">Null where it cannot be read.</param>
internal sealed record CertificateSign(string Name, string File, DateTimeOffset? Until);

/// <param name="Release">Of its kubelet; empty where it does not say.</param>
internal sealed record NodeSign(string Name, bool Ready, string ProviderId, DateTimeOffset CreatedAt, string Release = "")
{
    /// <summary>Whether its machine carries the control plane.</summary>
    public bool ControlPlane { get; init; }

    /// <summary>What a command put on it for its work; null for nothing.</summary>
    public OperatingMark? Hold { get; init; }
}
