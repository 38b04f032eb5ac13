using System.Collections.Immutable;
using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Cli.Clusters.Provisioned.Rollout;

/// <summary>What the control plane's machines are, what is wanted of them, and the difference.</summary>
internal sealed record ControlPlanePlan
{
    public required ControlPlaneOrders Orders { get; init; }

    /// <summary>What was wanted so far; null where nothing was.</summary>
    public ControlPlaneOrders? Before { get; init; }

    /// <summary>Every machine that the file asks for, in their order, with what it last reported.</summary>
    public required ImmutableArray<ReportedMachine> Machines { get; init; }

    /// <summary>Whose turn is before all others', which may be waiting for it; null: it goes in their order.</summary>
    public string? First { get; init; }

    /// <summary>What a person should know besides.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>Null where those that are there are a majority of the store.</summary>
    public LostMajority? LostMajority { get; init; }

    /// <summary>What a person is told of machines that do not follow; null where all do.</summary>
    public string? Silent { get; init; }

    /// <summary>Empty where nothing is new; machines that are made by the same run need not be told.</summary>
    public required ImmutableArray<ClusterChange> Changes { get; init; }

    public ImmutableArray<string> Names => [.. Machines.Select(machine => machine.Name)];

    /// <exception cref="EbbException">Machines that are there do not follow, or cannot without those that are gone: to wait for them is in vain.</exception>
    public void RequireFollowing()
    {
        if (LostMajority is { What: var what, Remedy: var remedy })
        {
            throw new EbbException($"{what} {remedy} Nothing has been changed; --force goes on all the same.");
        }

        if (Silent is not null)
        {
            throw new EbbException($"{Silent} --force waits for {(Machines.Length > 1 ? "them" : "it")} all the same. Nothing has been changed.");
        }
    }

    /// <summary>The newest release that one of them reports to run; null where none runs.</summary>
    public static K3sRelease? Running(IEnumerable<ReportedMachine> machines)
    {
        var releases = machines.Select(machine => K3sRelease.Parse(machine.State?.Release ?? "")).OfType<K3sRelease>().ToList();
        return releases.Count > 0 ? releases.Max() : null;
    }
}
