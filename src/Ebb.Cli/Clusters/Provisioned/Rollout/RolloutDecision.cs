using System.Collections.Immutable;
using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Cli.Clusters.Provisioned.Rollout;

/// <summary>What is to be done next about machines that follow orders.</summary>
internal abstract record RolloutDecision
{
    private RolloutDecision()
    {
    }

    /// <summary>The same as long as the same is done about the same machine.</summary>
    public string Doing => this switch
    {
        Name next => $"name {next.Machine}",
        Await wait => $"await {wait.Machine.Name}",
        Hold hold => $"hold {hold.Machine}",
        Broken broken => $"broken {broken.Machine.Name}",
        _ => "",
    };

    /// <summary>All of them are as wanted.</summary>
    public sealed record Finished : RolloutDecision;

    /// <summary>It is this machine's turn now.</summary>
    public sealed record Name(string Machine, ControlPlaneTurn Turn) : RolloutDecision;

    /// <summary>It is this machine's turn, and it is not through yet.</summary>
    public sealed record Await(ReportedMachine Machine) : RolloutDecision;

    /// <summary>It would be this machine's turn, if these others were ready: without them the store might lose its majority.</summary>
    public sealed record Hold(string Machine, ImmutableArray<string> NotReady) : RolloutDecision;

    /// <summary>This machine tried and could not.</summary>
    public sealed record Broken(ReportedMachine Machine) : RolloutDecision;

    /// <summary>A pure function of what lies on the share and which nodes are ready.</summary>
    /// <param name="attempt">Of this run: see <see cref="AttemptOf"/>.</param>
    /// <param name="ready">Whether a machine is a node that is ready; null: whoever asks takes the risk.</param>
    /// <param name="first">See <see cref="ControlPlanePlan.First"/>.</param>
    public static RolloutDecision Of(
        string generation, int attempt, ImmutableArray<ReportedMachine> machines, ControlPlaneTurn? turn, Func<string, bool>? ready, string? first = null)
    {
        var undone = machines.Where(machine => !machine.IsDone(generation)).OrderBy(machine => machine.Name != first).ToList();
        if (undone.Count == 0)
        {
            return new Finished();
        }

        var named = turn is not null && turn.Generation == generation && turn.Attempt == attempt ? turn.Machines : [];
        var awaited = undone[0].Name == first && !named.Contains(first);
        if (!awaited && undone.Find(machine => named.Contains(machine.Name, StringComparer.OrdinalIgnoreCase)) is { } current)
        {
            return current.State is { Phase: ControlPlanePhase.Failed } state && state.Generation == generation && state.Attempt >= attempt
                ? new Broken(current)
                : new Await(current);
        }

        var next = undone[0];

        // One that is yet to join has no part of the store, and may be waiting for this very machine.
        ImmutableArray<string> notReady = ready is null || next.State is null
            ? []
            : [.. machines.Where(machine => machine != next && machine.State is { Store: true } && !ready(machine.Name)).Select(machine => machine.Name)];
        return notReady.IsEmpty
            ? new Name(next.Name, new ControlPlaneTurn(generation, attempt, [.. machines.Except(undone).Select(machine => machine.Name), next.Name]))
            : new Hold(next.Name, notReady);
    }

    /// <summary>Higher than the last one where a machine failed in that: it tries again for whoever runs the command again.</summary>
    public static int AttemptOf(string generation, ImmutableArray<ReportedMachine> machines, ControlPlaneTurn? turn)
    {
        var last = turn is not null && turn.Generation == generation ? turn.Attempt : 1;
        var failed = machines.Where(machine => machine.State is { Phase: ControlPlanePhase.Failed } state && state.Generation == generation)
            .Select(machine => machine.State!.Attempt).DefaultIfEmpty(0).Max();
        return failed >= last ? failed + 1 : last;
    }
}
