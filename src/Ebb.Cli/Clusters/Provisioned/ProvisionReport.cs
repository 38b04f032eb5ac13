using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ebb.Cli.Reports;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>A line of what <c>--json</c> prints while a cluster is set up or taken down.</summary>
internal sealed record ProvisionReport
{
    public required DateTimeOffset At { get; init; }

    /// <summary>began, ended, progress, note, or last of all done; dry-run alone, where nothing is done.</summary>
    public required string Event { get; init; }

    public string? Step { get; init; }

    public string? Text { get; init; }

    public bool? Changed { get; init; }

    public double? TookSeconds { get; init; }

    public ImmutableArray<ResourceReport>? Resources { get; init; }

    /// <summary>With <c>done</c>: where the cluster is.</summary>
    public string? Kubernetes { get; init; }

    public string? Kubeconfig { get; init; }

    /// <summary>With <c>done</c> and <c>dry-run</c>: how far rotations of keys have come.</summary>
    public ImmutableArray<RotationReport>? Rotations { get; init; }

    public static ProvisionReport Of(ProvisionEvent happened, DateTimeOffset at) => happened switch
    {
        ProvisionEvent.Began e => new ProvisionReport { At = at, Event = "began", Step = e.Step, Text = e.What },
        ProvisionEvent.Ended e => new ProvisionReport { At = at, Event = "ended", Step = e.Step, Text = e.What, Changed = e.Changed, TookSeconds = e.Took.TotalSeconds },
        ProvisionEvent.Progress e => new ProvisionReport { At = at, Event = "progress", Step = e.Step, Resources = [.. e.Resources.Select(ResourceReport.Of)] },
        ProvisionEvent.Note e => new ProvisionReport { At = at, Event = "note", Text = e.Text },
        _ => throw new InvalidOperationException("A new kind of event."),
    };
}

internal sealed record ResourceReport(string Type, string Name, string State, double? TookSeconds, string? Error)
{
    public static ResourceReport Of(DeploymentStep step) =>
        new(step.Type ?? "", step.Name ?? "", step.State, step.Took?.TotalSeconds, step.Fault?.ToString());
}

/// <summary>What <c>ebb plan</c> prints about a cluster's file.</summary>
internal sealed record ClusterPlanReport
{
    public required string Cluster { get; init; }

    public required string Subscription { get; init; }

    public required string Region { get; init; }

    /// <summary>Empty when all is as the file says.</summary>
    public required ImmutableArray<ChangeReport> Changes { get; init; }

    public required ImmutableArray<string> Warnings { get; init; }

    /// <summary>What the subscription is to be registered with first. Where it is not empty, sizes, quotas and names are not checked yet, and the changes are what is not there.</summary>
    public required ImmutableArray<string> Register { get; init; }

    public static ClusterPlanReport Of(ClusterPlan plan, string subscription) => new()
    {
        Cluster = plan.File.Name,
        Subscription = subscription,
        Region = plan.File.Cloud.Region,
        Changes = [.. plan.Changes.Select(c => new ChangeReport(
            JsonNamingPolicy.CamelCase.ConvertName(c.Action.ToString()), c.Group, c.Type, c.Name, [.. c.Parts.Select(p => p.What)], c.Means, c.Drift))],
        Register = plan.Preflight.ToRegister,
        Warnings = [.. plan.Preflight.Warnings, .. plan.Hardware.Notes, .. plan.ControlPlane?.Notes ?? []],
    };
}

/// <param name="Action">create, deploy, change, replace, delete or impossible.</param>
/// <param name="Drift">The file is as it was deployed: somebody has changed this otherwise.</param>
internal sealed record ChangeReport(string Action, string Group, string Type, string Name, ImmutableArray<string> Properties, string Means, bool Drift);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProvisionReport))]
[JsonSerializable(typeof(ClusterPlanReport))]
internal sealed partial class ProvisionJson : JsonSerializerContext;
