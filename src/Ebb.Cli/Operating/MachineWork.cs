using System.Collections.Immutable;
using System.Net;
using Ebb.Acting;
using Ebb.Acting.Draining;
using Ebb.Cli.Reports;
using Ebb.Clouds;
using Ebb.Kubernetes;
using Ebb.Pools;

namespace Ebb.Cli.Operating;

/// <summary>Carries a plan out, wave by wave: hold and empty the nodes, tell the cloud, wait until they are back, let them go.</summary>
internal sealed class MachineWork(IKubernetes kubernetes, ICloud cloud, TimeProvider time, Random random, OperationRequest request, Action<string> say)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    // Lists of machines are dear in Azure: thirty a minute for the whole scale set.
    private static readonly TimeSpan LookAtCloudEvery = TimeSpan.FromSeconds(4);

    // After Ctrl-C: enough to take our marks off, not so long that a person would press it again.
    private static readonly TimeSpan LetGoWithin = TimeSpan.FromSeconds(10);

    // A person who waits for the first mark, or the last answer, would rather wait this long than begin again.
    private static readonly TimeSpan TroubleWithin = TimeSpan.FromMinutes(1);

    private readonly NodeHold _hold = new(kubernetes);

    /// <returns>For each machine of the plan what became of it. Machines of waves after one that failed are not in it.</returns>
    public async Task<ImmutableArray<OperationOutcome>> RunAsync(OperationPlan plan, CancellationToken ct)
    {
        var outcomes = ImmutableArray.CreateBuilder<OperationOutcome>();
        await LetGoAsync(plan.LetGo);
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
        var release = wave.Where(c => c.Joined).Select(c => c.Node).ToHashSet(StringComparer.Ordinal);
        try
        {
            var empties = await Task.WhenAll(wave.Select(candidate => EmptyAsync(candidate, ct)));
            var ready = wave.Where((_, i) => empties[i] is null).ToList();
            var returns = await Task.WhenAll(ready.Select(c => BeforeAsync(c.Node, ct)));
            if (ready.Count > 0)
            {
                say($"{Doing()} {string.Join(", ", ready.Select(c => c.Machine.Name))} ...");
                if (Stops)
                {
                    // From here until it is started again, whatever becomes of this command: the controller would take a spot machine
                    // without power for one that the cloud took back.
                    release.ExceptWith(ready.Select(c => c.Node));
                }

                await OperateAsync(wave[0].Pool, ready, release, ct);
            }

            var done = await SettleAsync(wave[0].Pool, ready, returns, ct);
            return [.. wave.Select((c, i) => Outcome(c, empties[i] is { } why ? ("left", why) : done[c], time.GetElapsedTime(started)))];
        }
        finally
        {
            await LetGoAsync(release);
        }
    }

    private async Task<NodeReturn> BeforeAsync(string node, CancellationToken ct)
    {
        NodeReturn? before = null;
        await PatientlyAsync(async () => before = await NodeReturn.OfAsync(kubernetes, node, ct), TroubleWithin, ct);
        return before!;
    }

    private async Task OperateAsync(PoolView pool, List<Candidate> ready, HashSet<string> release, CancellationToken ct)
    {
        try
        {
            await cloud.OperateAsync(pool, [.. ready.Select(c => c.Machine)], request.Operation, ct);
        }
        catch (CloudException e) when (Stops && !e.MayBeDone)
        {
            // They run on.
            release.UnionWith(ready.Where(c => c.Joined).Select(c => c.Node));
            throw;
        }
    }

    private async Task LetGoAsync(IReadOnlyCollection<string> nodes)
    {
        // Not the caller's token: a command that was asked to end does this still.
        using var soon = new CancellationTokenSource(LetGoWithin, time);
        try
        {
            await Task.WhenAll(nodes.Select(node => PatientlyAsync(() => _hold.TakeOffAsync(node, soon.Token), LetGoWithin, soon.Token)));
        }
        catch (OperationCanceledException e)
        {
            throw new IOException(
                $"The API server does not answer: {string.Join(", ", nodes)} may still be held ({Marks.Operating}). The same command again takes that off.", e);
        }
    }

    /// <summary>Makes a call again while its trouble may pass: for what can be done twice.</summary>
    private async Task PatientlyAsync(Func<Task> call, TimeSpan within, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var backoff = new Backoff(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(5), time, random);
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (KubeException e) when (e.Heals && time.GetElapsedTime(started) < within)
            {
                await backoff.FailedAsync(ct);
            }
        }
    }

    /// <returns>Null once the machine may be worked on, else why not.</returns>
    private async Task<string?> EmptyAsync(Candidate candidate, CancellationToken ct)
    {
        if (!candidate.Joined || request.Operation is MachineOperation.Start)
        {
            return null;
        }

        await PatientlyAsync(() => _hold.PutAsync(candidate.Node, untilStart: Stops, ct), TroubleWithin, ct);
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

        await PatientlyAsync(() => _hold.TakeOffAsync(candidate.Node, ct), TroubleWithin, ct);
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
                machines = await MachinesAsync(pool.Pool.Name, inMotion, ct);
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

    private async Task<bool> IsDoneAsync(Candidate candidate, NodeReturn before, Dictionary<string, Machine>? machines, CancellationToken ct)
    {
        // Of a machine whose host name the cloud does not tell, too, the cloud's own word has to do.
        if (Stops || candidate.Node.Length == 0)
        {
            var state = machines?[candidate.Machine.ProviderId].State;
            return Stops ? state is MachineState.Deallocated or MachineState.Stopped : state is MachineState.Running;
        }

        try
        {
            return before.IsIn(await kubernetes.NodeAsync(candidate.Node, ct));
        }
        catch (KubeException e) when (e.Heals)
        {
            // The next look may tell, as long as there is patience.
            return false;
        }
    }

    /// <summary>By provider id; null when nothing is sure.</summary>
    private async Task<Dictionary<string, Machine>?> MachinesAsync(string pool, IReadOnlySet<string> inMotion, CancellationToken ct)
    {
        try
        {
            var view = await cloud.ReadAsync(inMotion, ct);
            return view.Complete && view.Pools.FirstOrDefault(p => p.Pool.Name == pool) is { } found
                ? found.Machines.ToDictionary(m => m.ProviderId, StringComparer.OrdinalIgnoreCase)
                : null;
        }
        catch (CloudException e) when (e.MayBeDone || e.Status is HttpStatusCode.TooManyRequests)
        {
            return null;
        }
    }

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
