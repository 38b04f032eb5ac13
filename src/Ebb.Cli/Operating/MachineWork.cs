using System.Collections.Immutable;
using Ebb.Acting;
using Ebb.Acting.Draining;
using Ebb.Cli.Reports;
using Ebb.Clouds;
using Ebb.Pools;

namespace Ebb.Cli.Operating;

/// <summary>Carries a plan out, wave by wave: hold and empty the nodes, tell the cloud, wait until they are back, let them go.</summary>
internal sealed class MachineWork(IKubernetes kubernetes, ICloud cloud, TimeProvider time, OperationRequest request, Action<string> say)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    // Lists of machines are dear in Azure: thirty a minute for the whole scale set.
    private static readonly TimeSpan LookAtCloudEvery = TimeSpan.FromSeconds(4);

    // After Ctrl-C: enough to take our marks off, not so long that a person would press it again.
    private static readonly TimeSpan LetGoWithin = TimeSpan.FromSeconds(10);

    private readonly NodeHold _hold = new(kubernetes);

    /// <returns>For each machine of the plan what became of it. Machines of waves after one that failed are not in it.</returns>
    public async Task<ImmutableArray<OperationOutcome>> RunAsync(OperationPlan plan, CancellationToken ct)
    {
        var outcomes = ImmutableArray.CreateBuilder<OperationOutcome>();
        for (var i = 0; i < plan.Waves.Length; i++)
        {
            if (i > 0 && request.Pause > TimeSpan.Zero)
            {
                await Task.Delay(request.Pause, time, ct);
            }

            outcomes.AddRange((await WaveAsync(plan.Waves[i], ct)).Select(outcome => outcome with { Wave = i + 1 }));
            if (outcomes.Any(o => o.Outcome == "failed"))
            {
                // What does not come back is looked into before the next one is put at risk.
                break;
            }
        }

        return outcomes.ToImmutable();
    }

    private bool Stops => request.Operation is MachineOperation.Deallocate or MachineOperation.PowerOff;

    private async Task<OperationOutcome[]> WaveAsync(ImmutableArray<Candidate> wave, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var release = wave.Where(c => c.Joined).ToList();
        try
        {
            var empties = await Task.WhenAll(wave.Select(candidate => EmptyAsync(candidate, ct)));
            var ready = wave.Where((_, i) => empties[i] is null).ToList();
            var returns = await Task.WhenAll(ready.Select(c => NodeReturn.OfAsync(kubernetes, c.Node, ct)));
            if (ready.Count > 0)
            {
                say($"{Doing()} {string.Join(", ", ready.Select(c => c.Machine.Name))} ...");
                await cloud.OperateAsync(wave[0].Pool, [.. ready.Select(c => c.Machine)], request.Operation, ct);
            }

            var done = await SettleAsync(wave[0].Pool, ready, returns, ct);
            if (Stops)
            {
                // Until it is started again: the controller would take a spot machine without power for one that the cloud took back.
                release.RemoveAll(c => done.TryGetValue(c, out var ended) && ended.Outcome == "done");
            }

            return [.. wave.Select((c, i) => Outcome(c, empties[i] is { } why ? ("left", why) : done[c], time.GetElapsedTime(started)))];
        }
        finally
        {
            using var letGo = new CancellationTokenSource(LetGoWithin, time);
            await Task.WhenAll(release.Select(c => _hold.TakeOffAsync(c.Node, letGo.Token)));
        }
    }

    /// <returns>Null once the machine may be worked on, else why not.</returns>
    private async Task<string?> EmptyAsync(Candidate candidate, CancellationToken ct)
    {
        if (!candidate.Joined || request.Operation is MachineOperation.Start)
        {
            return null;
        }

        await _hold.PutAsync(candidate.Node, ct);
        if (request.Force)
        {
            return null;
        }

        var left = await new PatientDrain(kubernetes, time).RunAsync(
            candidate.Node, request.DrainWithin, what => say($"{candidate.Machine.Name}: waits for {what}"), ct);
        if (left is null)
        {
            return null;
        }

        await _hold.TakeOffAsync(candidate.Node, ct);
        return $"{left.Describe()} did not leave within {Words.Span(request.DrainWithin)}; give it longer with --drain-within, or --force";
    }

    /// <summary>Waits for all of a wave together.</summary>
    private async Task<Dictionary<Candidate, (string Outcome, string? Why)>> SettleAsync(
        PoolView pool, List<Candidate> waiting, NodeReturn[] before, CancellationToken ct)
    {
        var ended = new Dictionary<Candidate, (string, string?)>();
        var returns = waiting.Zip(before).ToDictionary(pair => pair.First, pair => pair.Second);
        var started = time.GetTimestamp();
        var looked = started;
        IReadOnlySet<string> inMotion = ImmutableHashSet.Create(pool.Pool.Name);
        while (ended.Count < returns.Count)
        {
            await Task.Delay(LookEvery, time, ct);
            Dictionary<string, Machine>? machines = null;
            if (time.GetElapsedTime(looked) >= LookAtCloudEvery)
            {
                looked = time.GetTimestamp();
                machines = Machines(await cloud.ReadAsync(inMotion, ct), pool.Pool.Name);
            }

            foreach (var candidate in returns.Keys.Where(c => !ended.ContainsKey(c)))
            {
                if (machines is not null && !machines.ContainsKey(candidate.Machine.ProviderId))
                {
                    ended[candidate] = ("gone", "the cloud no longer has it");
                }
                else if (await IsDoneAsync(candidate, returns[candidate], machines, ct))
                {
                    ended[candidate] = ("done", null);
                }
                else if (time.GetElapsedTime(started) >= request.DoneWithin)
                {
                    ended[candidate] = ("failed", $"not {Wanted()} within {Words.Span(request.DoneWithin)}; 'ebb machines' shows how it is");
                }
            }
        }

        return ended;
    }

    private async Task<bool> IsDoneAsync(Candidate candidate, NodeReturn before, Dictionary<string, Machine>? machines, CancellationToken ct) =>
        Stops
            ? machines?[candidate.Machine.ProviderId].State is MachineState.Deallocated or MachineState.Stopped
            // A host name that the cloud does not tell leaves its own word.
            : candidate.Node.Length == 0 ? machines?[candidate.Machine.ProviderId].State is MachineState.Running
            : before.IsIn(await kubernetes.NodeAsync(candidate.Node, ct));

    /// <summary>Null when the view has no machines to be sure of.</summary>
    private static Dictionary<string, Machine>? Machines(CloudView view, string pool) =>
        view.Complete && view.Pools.FirstOrDefault(p => p.Pool.Name == pool) is { } found
            ? found.Machines.ToDictionary(m => m.ProviderId, StringComparer.OrdinalIgnoreCase)
            : null;

    private string Doing() => request.Operation switch
    {
        MachineOperation.Start => "Starting",
        MachineOperation.Deallocate or MachineOperation.PowerOff => "Stopping",
        MachineOperation.Restart => "Restarting",
        MachineOperation.Reimage => "Reimaging",
        _ => "Upgrading",
    };

    private string Wanted() => Stops ? "stopped" : "a node that is ready again";

    private static OperationOutcome Outcome(Candidate candidate, (string Outcome, string? Why) ended, TimeSpan took) => new()
    {
        Machine = candidate.Machine.Name,
        Pool = candidate.Pool.Pool.Name,
        Node = candidate.Joined ? candidate.Node : null,
        Outcome = ended.Outcome,
        Why = ended.Why,
        Seconds = Math.Round(took.TotalSeconds, 1),
    };
}
