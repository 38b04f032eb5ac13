using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Reports;

/// <summary>One of the resource groups of a cluster of an <c>ebb.yaml</c>.</summary>
internal sealed record GroupReport
{
    public required string Name { get; init; }

    /// <summary>there, deleting or missing.</summary>
    public required string State { get; init; }

    /// <summary>Null until there was one.</summary>
    public DeploymentReport? LastDeployment { get; init; }

    /// <summary>Without those that are part of another.</summary>
    public required ImmutableArray<GroupResourceReport> Resources { get; init; }

    public static ImmutableArray<GroupReport> Of(ClusterPlace place, string storage, string compute) =>
        [Of(place.Compute, compute), Of(place.Storage, storage)];

    private static GroupReport Of(GroupPlace place, string name) => new()
    {
        Name = name,
        State = place.Group switch { null => "missing", { Deleting: true } => "deleting", _ => "there" },
        LastDeployment = place.Last is { } last ? DeploymentReport.Of(last) : null,
        Resources = [.. place.Resources.Select(r => new GroupResourceReport(r.Type, r.Name, r.State))],
    };
}

/// <param name="State">As Azure calls it: Succeeded, Running, Failed.</param>
/// <param name="Error">Why it failed; null when it did not.</param>
internal sealed record DeploymentReport(string Name, string State, DateTimeOffset? At, string? Error)
{
    public static DeploymentReport Of(Deployment deployment) =>
        new(deployment.Name, deployment.State, deployment.At, deployment.Succeeded ? null : deployment.Fault?.ToString());
}

/// <param name="State">Its provisioning state; null when Azure does not say.</param>
internal sealed record GroupResourceReport(string Type, string Name, string? State);

/// <summary>What is known of a cluster whose Kubernetes does not answer.</summary>
internal sealed record GroupsReport
{
    public required DateTimeOffset At { get; init; }

    public required ImmutableArray<GroupReport> Groups { get; init; }

    /// <summary>Why there is no more.</summary>
    public required string Error { get; init; }
}
