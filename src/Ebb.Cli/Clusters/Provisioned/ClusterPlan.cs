using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned.Hardware;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>What there is of a cluster, what is wanted, and the difference.</summary>
internal sealed record ClusterPlan
{
    public required ClusterFile File { get; init; }

    public required ResourceNames Names { get; init; }

    public required ClusterPlace Place { get; init; }

    public required Blueprint Storage { get; init; }

    public required Blueprint Compute { get; init; }

    public required PreflightReport Preflight { get; init; }

    /// <summary>What the templates were made of.</summary>
    public required RenderInputs Inputs { get; init; }

    /// <summary>What is done about the control plane's machines one after the other.</summary>
    public required HardwarePlan Hardware { get; init; }

    /// <summary>About the machines of the control plane, which follow what is new by themselves; null where nobody looked at them.</summary>
    public ControlPlanePlan? ControlPlane { get; init; }

    /// <summary>Those of the storage group first.</summary>
    public required ImmutableArray<ClusterChange> Changes { get; init; }

    /// <summary>What changes or ends something that is there: whoever wants it is asked.</summary>
    public bool Touches => Changes.Any(change => change.Touches);

    /// <summary>What is not as the file says, and Azure does not change, where nothing else is to be done: it stays so, and is told.</summary>
    public ImmutableArray<ClusterChange> Unmendable => [.. Changes.Where(change => change.Action is ChangeAction.Impossible && !IsDue(change.Group))];

    /// <summary>Whether something is to be deployed into this group, storage's or compute's.</summary>
    public bool IsDue(string group)
    {
        var (wanted, place) = group == Storage.Group ? (Storage, Place.Storage) : (Compute, Place.Compute);
        return !Deploying.IsDeployed(wanted, place)
            || Changes.Any(change => change.Group == group && !change.ByMachine && change.Type != ControlPlanePlanner.Type && change.Action is ChangeAction.Create or ChangeAction.Change or ChangeAction.Replace);
    }

    /// <exception cref="EbbException">Azure cannot do what the file asks for: all of it is named.</exception>
    public void RequirePossible() => Require(change => change.Type == ControlPlanePlanner.Type || IsDue(change.Group));

    /// <summary>The same of what the control plane's machines change about themselves, for whoever deploys nothing.</summary>
    public void RequirePossibleInPlace() => Require(change => change.Type == ControlPlanePlanner.Type);

    private void Require(Func<ClusterChange, bool> isMeant)
    {
        var impossible = Changes.Where(change => change.Action is ChangeAction.Impossible && isMeant(change)).ToList();
        if (impossible.Count > 0)
        {
            throw new EbbException(
                $"Cluster '{File.Name}' cannot become what the file says; nothing has been changed:"
                + string.Concat(impossible.Select(change => $"\n  - {change.Type} '{change.Name}' {change.Means}"
                    + string.Concat(change.Parts.Where(part => part.Effect is Effect.Impossible).Select(part => $"\n      {part.What}"))))
                + "\nPut the file back as it was there; or end the machines and make them anew against the same storage: 'ebb down --keep-storage', then 'ebb up'.");
        }
    }
}
