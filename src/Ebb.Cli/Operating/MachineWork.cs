using System.Collections.Immutable;
using System.Net;
using Ebb.Acting;
using Ebb.Acting.Draining;
using Ebb.Cli.Reports;
using Ebb.Clouds;
using Ebb.Kubernetes;

namespace Ebb.Cli.Operating;

/// <summary>Carries a plan out, wave by wave: hold and empty the nodes, tell the cloud, wait until they are back, let them go.</summary>
internal sealed class MachineWork(IKubernetes kubernetes, ICloud cloud, TimeProvider time, Random random, OperationRequest request, Action<string> say)
{
    // After Ctrl-C: enough to take our marks off, not so long that a person would press it again.
    private static readonly TimeSpan LetGoWithin = TimeSpan.FromSeconds(10);

    // A person who waits for the first mark, or the last answer, would rather wait this long than begin again.
    private static readonly TimeSpan TroubleWithin = TimeSpan.FromMinutes(1);

    private readonly NodeHold _hold = new(kubernetes);

    /// <returns>For each machine of the plan what became of it. Machines of waves after one that did not come back are not in it.</returns>
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

            var (done, harm) = await WaveAsync(plan.Waves[i], ct);
            outcomes.AddRange(done.Select(outcome => outcome with { Wave = i + 1 }));
            if (harm)
            {
                // What does not come back is looked into before the next one is put at risk.
                break;
            }
        }

        return outcomes.ToImmutable();
    }

    /// <returns>What became of each; and whether one of them is worse off than before.</returns>
    private async Task<(OperationOutcome[] Outcomes, bool Harm)> WaveAsync(ImmutableArray<Candidate> wave, CancellationToken ct)
    {
        var started = time.GetTimestamp();

        // One that is to be started is held until it runs: whatever fails, the controller shall not take it for one that the cloud took back.
        HashSet<string> release = request.Operation is MachineOperation.Start ? [] : [.. wave.Where(c => c.Joined).Select(c => c.Node)];
        try
        {
            var empties = await Task.WhenAll(wave.Select(candidate => EmptyAsync(candidate, ct)));
            var ready = wave.Where((_, i) => empties[i] is null).ToList();
            var returns = await Task.WhenAll(ready.Select(c => BeforeAsync(c.Node, ct)));
            if (ready.Count > 0)
            {
                say($"{Doing()} {string.Join(", ", ready.Select(c => c.Machine.Name))} ...");
                if (request.Stops)
                {
                    // From here until it is started again, whatever becomes of this command: the controller would take a spot machine
                    // without power for one that the cloud took back.
                    release.ExceptWith(ready.Select(c => c.Node));
                }
            }

            var ends = await OperateAsync(wave[0].Pool, ready, returns, release, ct);
            return (
                [.. wave.Select((c, i) => Outcome(c, empties[i] is { } why ? new WaveEnd("left", why) : ends[c], time.GetElapsedTime(started)))],
                ends.Values.Any(end => end is { Outcome: "failed", Unharmed: false }));
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

    private async Task<Dictionary<Candidate, WaveEnd>> OperateAsync(
        PoolView pool, List<Candidate> ready, NodeReturn[] before, HashSet<string> release, CancellationToken ct)
    {
        if (ready.Count == 0)
        {
            return [];
        }

        string? lost = null;
        try
        {
            await cloud.OperateAsync(pool, [.. ready.Select(c => c.Machine)], request.Operation, ct);
        }
        catch (CloudException e) when (e.MayBeDone)
        {
            // Not sent again, since a second restart or reimage does harm; the machines show whether it was done. Held meanwhile: work
            // that came to them now would be lost with the restart.
            lost = e.Message;
            say($"{lost}. Waiting to see whether it is done all the same.");
        }
        catch (CloudException e) when (e.Status is HttpStatusCode.Conflict)
        {
            // Refused for what these machines are, or are at: others may well be worked on.
            say(e.Message);
            release.UnionWith(ready.Where(c => c.Joined && request.Operation is not MachineOperation.Start).Select(c => c.Node));
            return ready.ToDictionary(c => c, _ => new WaveEnd("failed", e.Message) { Unharmed = true });
        }
        catch (CloudException) when (request.Stops)
        {
            // They run on.
            release.UnionWith(ready.Where(c => c.Joined).Select(c => c.Node));
            throw;
        }

        var ends = await new WaveWait(kubernetes, cloud, time, request, say).RunAsync(pool, ready, before, lost, ct);
        release.UnionWith(ready.Where(c => c.Joined && RunsOn(ends[c])).Select(c => c.Node));
        return ends;
    }

    private bool RunsOn(WaveEnd end) => request.Operation is MachineOperation.Start ? end.Outcome == "done" : end is { Outcome: "failed", Unharmed: true };

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

        await PatientlyAsync(() => _hold.PutAsync(candidate.Node, untilStart: request.Stops, ct), TroubleWithin, ct);
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

    private string Doing() => request.Operation switch
    {
        MachineOperation.Start => "Starting",
        MachineOperation.Deallocate or MachineOperation.PowerOff => "Stopping",
        MachineOperation.Restart => "Restarting",
        MachineOperation.Reimage => "Reimaging",
        _ => "Upgrading",
    };

    private static OperationOutcome Outcome(Candidate candidate, WaveEnd ended, TimeSpan took) => new()
    {
        Machine = candidate.Machine.Name,
        Pool = candidate.Pool.Pool.Name,
        Node = candidate.Joined ? candidate.Node : null,
        Outcome = ended.Outcome,
        Why = ended.Why,
        Seconds = Math.Round(took.TotalSeconds, 1),
    };
}
