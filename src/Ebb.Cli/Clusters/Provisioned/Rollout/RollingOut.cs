using System.Collections.Immutable;
using Ebb.Kubernetes;

namespace Ebb.Cli.Clusters.Provisioned.Rollout;

/// <summary>Has the control plane's machines follow their orders, one after the other. Begun again it carries on where it was.</summary>
/// <param name="readyNodes">The nodes of the cluster that are ready.</param>
internal sealed class RollingOut(
    OrdersShare share, Func<CancellationToken, Task<IReadOnlySet<string>>> readyNodes, TimeProvider time, Action<ProvisionEvent> tell)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    // A machine that is just being made boots, updates itself and fetches k3s: some four minutes, twice that on a bad day.
    private static readonly TimeSpan MachineWithin = SilentMachines.BornWithin;

    // Of others, after one has started anew.
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromMinutes(5);

    /// <inheritdoc cref="ControlPlanePlan.First"/>
    public string? First { get; init; }

    /// <param name="generation">Of the orders, which lie on the share.</param>
    /// <param name="force">Go on also while other machines are not ready.</param>
    /// <returns>Whether there was anything to do.</returns>
    /// <exception cref="IOException">A machine could not, or the others are not ready: says how to go on.</exception>
    /// <exception cref="TimeoutException">A machine was not through in time.</exception>
    public async Task<bool> RunAsync(string generation, ImmutableArray<string> machines, bool force, CancellationToken ct)
    {
        var turn = await share.TurnAsync(ct);
        var reports = await share.ReportsAsync(machines, ct);
        var attempt = RolloutDecision.AttemptOf(generation, reports, turn);
        var asks = !force && machines.Length > 1 && !reports.All(report => report.IsDone(generation));
        var ready = asks ? await ReadyAsync(ct) : ImmutableHashSet<string>.Empty;
        var (changed, said, doing, since) = (false, "", "", time.GetTimestamp());
        while (true)
        {
            var decision = RolloutDecision.Of(generation, attempt, reports, turn, asks ? ready.Contains : null, First);
            if (doing != decision.Doing)
            {
                (doing, since) = (decision.Doing, time.GetTimestamp());
            }

            switch (decision)
            {
                case RolloutDecision.Finished:
                    return changed;
                case RolloutDecision.Name next:
                    tell(new ProvisionEvent.Note($"{next.Machine}: its turn ({next.Turn.Machines.Length} of {machines.Length})."));
                    await share.WriteAsync(next.Turn, ct);
                    (turn, changed) = (next.Turn, true);
                    continue;
                case RolloutDecision.Broken broken:
                    throw new IOException(
                        $"{broken.Machine.Name} could not become what is wanted of it, and stays as it is: {Sentence(broken.Machine.State!.Why)} "
                        + "The machines after it were not touched. Mend that (on the machine 'journalctl -u ebb-control-plane-follow' says more), then run this again.");
                case RolloutDecision.Hold hold when time.GetElapsedTime(since) > ReadyWithin:
                    throw new IOException(
                        $"{hold.Machine} is not begun: {string.Join(" and ", hold.NotReady)} {(hold.NotReady.Length == 1 ? "is" : "are")} not ready, and the control plane may need all of its machines. "
                        + "Mend that first ('kubectl get nodes'), then run this again; or say --force.");
                case RolloutDecision.Hold hold:
                    Say($"{hold.Machine}: waits until {string.Join(" and ", hold.NotReady)} {(hold.NotReady.Length == 1 ? "is" : "are")} ready.");
                    break;
                case RolloutDecision.Await wait when time.GetElapsedTime(since) > MachineWithin:
                    throw new TimeoutException(
                        $"{wait.Machine.Name} was not as wanted within {MachineWithin.TotalMinutes} min: it {wait.Machine.Describe()}. "
                        + (wait.Machine.State is null
                            ? "Look at its boot log under 'Boot diagnostics'; 'ebb plan' says what can be done about a machine that does not follow."
                            : "On the machine 'journalctl -u ebb-control-plane-follow' says more. Run this again to wait on."
                                + (wait.Machine.State.Store ? "" : " Where 'kubectl get nodes' does not answer either, too few of the machines that hold the store are left: docs/clusters.md says how one of them goes on alone.")));
                case RolloutDecision.Await wait:
                    changed = true;
                    Say($"{wait.Machine.Name}: {(wait.Machine.State is { } state && state.Generation != generation ? "has not begun yet" : wait.Machine.Describe())}.");
                    break;
            }

            await Task.Delay(LookEvery, time, ct);
            reports = await share.ReportsAsync(machines, ct);
            ready = asks ? await ReadyAsync(ct) : ready;
        }

        void Say(string text)
        {
            if (text != said)
            {
                said = text;
                tell(new ProvisionEvent.Note(text));
            }
        }
    }

    private async Task<IReadOnlySet<string>> ReadyAsync(CancellationToken ct)
    {
        try
        {
            return await readyNodes(ct);
        }
        catch (KubeException)
        {
            // Its API server starts anew, or cannot be asked: then nobody is known to be ready, and the wait for that is bounded.
            return ImmutableHashSet<string>.Empty;
        }
    }

    private static string Sentence(string? why) => why is { Length: > 0 } ? why.TrimEnd('.') + "." : "it does not say why.";
}
