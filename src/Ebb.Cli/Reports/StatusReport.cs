using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ebb.Cli.Commands;
using Ebb.Cli.Operating;

namespace Ebb.Cli.Reports;

/// <summary>A cluster and its pools at one instant, with the reason for everything; what <c>--json</c> prints.</summary>
internal sealed record StatusReport
{
    public required DateTimeOffset At { get; init; }

    public required ClusterReport Cluster { get; init; }

    /// <summary>The resource groups of a cluster of an <c>ebb.yaml</c>; empty for any other.</summary>
    public ImmutableArray<GroupReport> Groups { get; init; } = [];

    /// <summary>The programs of the control plane; empty where Ebb does not run them.</summary>
    public ImmutableArray<ComponentReport> Components { get; init; } = [];

    public required ImmutableArray<PoolReport> Pools { get; init; }

    public required ImmutableArray<MachineReport> Machines { get; init; }

    /// <summary>Pods that wait, alike ones together.</summary>
    public required ImmutableArray<PendingReport> Pending { get; init; }
}

internal sealed record ClusterReport
{
    /// <summary>Where the Kubernetes API answers.</summary>
    public required string Kubernetes { get; init; }

    /// <summary>That the machines of the control plane run, oldest first, else what the API server says it is: several while they are upgraded.</summary>
    public ImmutableArray<string> Releases { get; init; } = [];

    /// <summary>Subscription and resource group.</summary>
    public required string Cloud { get; init; }

    public required int Nodes { get; init; }

    public required int NodesReady { get; init; }

    /// <summary>Nodes that are not ready though their machines are not off, nor on their way there: those first that have been so for longest.</summary>
    public ImmutableArray<UnreadyReport> Unready { get; init; } = [];

    public required int PodsRunning { get; init; }

    public required int PodsPending { get; init; }

    /// <summary>Who decides now; null when no controller runs.</summary>
    public string? Controller { get; init; }

    /// <summary>Why the picture of the cloud has gaps; null when it has none.</summary>
    public string? Trouble { get; init; }
}

/// <param name="Since">Null when the cluster does not say.</param>
internal sealed record UnreadyReport(string Node, DateTimeOffset? Since);

internal sealed record PoolReport
{
    public required string Name { get; init; }

    /// <summary>The pool that it is one of several scale sets of, which have no more machines together than the largest <see cref="Max"/> among them; else null.</summary>
    public string? PartOf { get; init; }

    public required string Size { get; init; }

    public required string Priority { get; init; }

    public required int Min { get; init; }

    public required int Max { get; init; }

    public required double IdleAfterSeconds { get; init; }

    public decimal? PricePerHour { get; init; }

    public required ImmutableArray<string> Zones { get; init; }

    /// <summary>How many machines the cloud is to keep.</summary>
    public required int Capacity { get; init; }

    /// <summary>How many of its machines are in each state.</summary>
    public required ImmutableSortedDictionary<string, int> Machines { get; init; }

    public required string Reason { get; init; }

    /// <summary>What is wrong with its tags; such a pool is left alone.</summary>
    public string? Problem { get; init; }
}

internal sealed record MachineReport
{
    public required string Pool { get; init; }

    public required string Name { get; init; }

    public required string Id { get; init; }

    /// <summary>booting, busy, idle, retiring, leaving, stopped, failed, unready or unknown.</summary>
    public required string State { get; init; }

    /// <summary>Stopped, but not deallocated: it costs as much as one that runs.</summary>
    public bool PoweredOff { get; init; }

    /// <summary>Null while it has not joined.</summary>
    public string? Node { get; init; }

    /// <summary>Of its kubelet; null while it has not joined.</summary>
    public string? Release { get; init; }

    public required string Zone { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Pods that run there, without those of DaemonSets.</summary>
    public required int Pods { get; init; }

    public required string Reason { get; init; }
}

internal sealed record PendingReport
{
    public required int Count { get; init; }

    /// <summary>The first of them, with its namespace.</summary>
    public required string First { get; init; }

    public required string Reason { get; init; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(ImmutableArray<MachineReport>))]
[JsonSerializable(typeof(GroupsReport))]
[JsonSerializable(typeof(PlanReport))]
[JsonSerializable(typeof(ImmutableArray<WhyReport>))]
[JsonSerializable(typeof(ScaleReport))]
[JsonSerializable(typeof(UpReport))]
[JsonSerializable(typeof(KubeconfigReport))]
[JsonSerializable(typeof(ImmutableArray<CertificateReport>))]
[JsonSerializable(typeof(RenewalReport))]
[JsonSerializable(typeof(ComponentsReport))]
[JsonSerializable(typeof(BackupReport))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(OperationReport))]
[JsonSerializable(typeof(ImmutableArray<EndpointReport>))]
[JsonSerializable(typeof(ImmutableArray<SizeReport>))]
[JsonSerializable(typeof(ImmutableArray<ImageReport>))]
[JsonSerializable(typeof(ImmutableArray<string>))]
internal sealed partial class ReportJson : JsonSerializerContext;
