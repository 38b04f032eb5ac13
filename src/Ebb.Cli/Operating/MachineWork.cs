using System.Collections.Immutable;
using Ebb.Acting;
using Ebb.Acting.Draining;
using Ebb.Cli.Reports;
using Ebb.Clouds;
using Ebb.Pools;

namespace Ebb.Cli.Operating;

/// <summary>Carries a plan out, wave by wave: hold and empty the nodes, tell the cloud, wait until they are back, let them go.</summary>
internal sealed class MachineWork(IKubernetes kubernetes, ICloud cloud, TimeProvider time, Random random, OperationRequest request, Action<string> say)
{
    private readonly PatientHold _hold = new(kubernetes, time, random);

    private readonly PatientDrain _drain = new(kubernetes, time);

    private LatestModels Models => new(kubernetes, cloud, time, request, _hold, say);

    /// <returns>For each machine of the plan what became of it. Machines of waves after one that did not come back are not in it.</returns>
    public Task<ImmutableArray<OperationOutcome>> RunAsync(OperationPlan plan, CancellationToken ct) =>
        Following.WhileAsync(_hold.RunAsync, () => WavesAsync(plan, ct), ct);

    private async Task<ImmutableArray<OperationOutcome>> WavesAsync(OperationPlan plan, CancellationToken ct)
    {
        var outcomes = ImmutableArray.CreateBuilder<OperationOutcome>();
        await new LeftBehindHolds(cloud, time, request, _hold, say).LetGoAsync(plan.LeftBehind, ct);
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
        var starts = request.Operation is MachineOperation.Start;
        HashSet<string> release = starts ? [] : [.. wave.Where(c => c.Joined).Select(c => c.Node)];
        var whole = false;
        try
        {
            var passed = (await Task.WhenAll(wave.Select(candidate => EmptyAsync(candidate, ct)))).Select(WaveEnd.Left).ToArray();
            PoolLook? look = null;
            if (request.Operation is MachineOperation.Reimage)
            {
                (wave, look) = await UpgradeAsync(wave, passed, release, ct);
            }

            var before = await Task.WhenAll(wave.Select(c => _hold.PatientlyAsync(() => NodeReturn.OfAsync(kubernetes, c.Node, ct), ct)));
            var gone = Gone(wave, look ?? await LookAsync(wave, ct));

            // One that was empty early was not looked at while others were emptied.
            var passedOver = await Task.WhenAll(wave.Select(async (candidate, i) =>
                gone.GetValueOrDefault(candidate) ?? passed[i] ?? WaveEnd.Left(await LastLookAsync(candidate, ct))));
            var ready = wave.Where((_, i) => passedOver[i] is null).ToList();
            var returns = before.Where((_, i) => passedOver[i] is null).ToArray();

            // No work shall come to what is being removed.
            release.ExceptWith(gone.Keys.Select(c => c.Node));
            if (ready.Count > 0)
            {
                say($"{Doing()} {string.Join(", ", ready.Select(c => c.Machine.Name))} ...");
                if (request.Stops)
                {
                    // From here until it is started again, whatever becomes of this command: the controller would take a spot machine
                    // without power for one that the cloud took back.
                    await Task.WhenAll(ready.Where(c => c.Joined).Select(c => _hold.PutAsync(c.Node, untilStart: true, say, ct)));
                }

                // Whatever becomes of this command: work that came to a machine before it has started anew would be lost.
                release.ExceptWith(ready.Select(c => c.Node));
            }

            if (request.Operation is MachineOperation.Upgrade)
            {
                await Models.OweAsync(ready.Where(c => c.Joined), ct);
            }

            var ends = await OperateAsync(wave[0].Pool, ready, returns, release, ct);
            whole = true;
            if (request.Operation is MachineOperation.Upgrade)
            {
                // Those that had no node to say it before.
                await Models.OweAsync(ends.Where(end => !end.Key.Joined && end.Value.Outcome == "done").Select(end => end.Key), ct);
            }

            if (request.Operation is MachineOperation.Reimage)
            {
                await Task.WhenAll(ends.Where(end => end.Key.Joined && end.Value.Outcome == "done").Select(end => Models.DoneAsync(end.Key.Node, ct)));
            }

            return (
                [.. wave.Select((c, i) => Outcome(c, passedOver[i] ?? ends[c], time.GetElapsedTime(started)))],
                passedOver.Concat(ends.Values).Any(end => end is { Outcome: "failed", Unharmed: false }));
        }
        finally
        {
            string[] keep = [.. wave.Where(c => c.Joined && !release.Contains(c.Node)).Select(c => c.Node)];
            await _hold.LetGoAsync(release, keep);
            if (!whole && !starts && !request.Stops && keep.Length > 0)
            {
                say($"{string.Join(", ", keep)} {(keep.Length == 1 ? "stays" : "stay")} held, since what was begun there goes on. The next command on machines takes that off once it is over; until then 'ebb doctor' names {(keep.Length == 1 ? "it" : "them")}.");
            }
        }
    }

    /// <summary>Brings machines to their pool's model that a reimage would make anew from an earlier one, and empties their nodes again.</summary>
    /// <param name="passed">What became of each already, null for none; gets more.</param>
    /// <returns>The wave as it is then; and the last look at its machines, null where much has passed since.</returns>
    private async Task<(ImmutableArray<Candidate> Wave, PoolLook? Look)> UpgradeAsync(
        ImmutableArray<Candidate> wave, WaveEnd?[] passed, HashSet<string> release, CancellationToken ct)
    {
        var look = await LookAsync(wave, ct);
        var gone = Gone(wave, look);
        var now = wave.Select(c => look.Machines?.GetValueOrDefault(c.Machine.ProviderId) is { } machine ? c with { Machine = machine } : c).ToArray();
        var concerned = Enumerable.Range(0, now.Length).Where(i => passed[i] is null && !gone.ContainsKey(wave[i]) && LatestModels.Concerns(now[i])).ToList();

        // Of one that only comes to its end what another command began its node may go and come any moment.
        await Task.WhenAll(concerned.Where(i => LatestModels.Lacks(now[i])).Select(async i => passed[i] = WaveEnd.Left(await LastLookAsync(now[i], ct))));
        concerned.RemoveAll(i => passed[i] is not null);
        if (concerned.Count == 0)
        {
            return ([.. now], look);
        }

        var ends = await Models.RunAsync(wave[0].Pool, [.. concerned.Select(i => now[i])], release, ct);
        await Task.WhenAll(concerned.Select(async i =>
        {
            if (ends[now[i]] is { Outcome: not "done" } end)
            {
                passed[i] = end;
                return;
            }

            // It may have joined anew, and got work, or have left.
            now[i] = now[i] with { Joined = now[i].Node.Length > 0 && await _hold.IsThereAsync(now[i].Node, ct) };
            passed[i] = WaveEnd.Left(await EmptyAsync(now[i], ct));
        }));
        release.UnionWith(now.Where(c => c.Joined).Select(c => c.Node));
        return ([.. now], null);
    }

    private async Task<Dictionary<Candidate, WaveEnd>> OperateAsync(
        PoolView pool, List<Candidate> ready, NodeReturn[] before, HashSet<string> release, CancellationToken ct)
    {
        if (ready.Count == 0)
        {
            return [];
        }

        CloudOrder order;
        try
        {
            // Held also where the answer is lost: work that came to them now would be lost with the restart.
            order = await CloudOrder.GiveAsync(cloud, pool, ready, request.Operation, say, ct);
        }
        catch (CloudException) when (request.Operation is not MachineOperation.Start)
        {
            // They run on.
            release.UnionWith(ready.Where(c => c.Joined).Select(c => c.Node));
            throw;
        }

        if (order.Refused is { } refused)
        {
            release.UnionWith(ready.Where(c => c.Joined && request.Operation is not MachineOperation.Start).Select(c => c.Node));
            return ready.ToDictionary(c => c, c => new WaveEnd("failed", PriceLimits.Explain(c, refused)) { Unharmed = true });
        }

        var ends = new Dictionary<Candidate, WaveEnd>();
        try
        {
            await new WaveWait(kubernetes, cloud, time, request, say).RunAsync(pool, ready, before, order.Lost, ends, ct);
            return ends;
        }
        finally
        {
            release.UnionWith(ends.Where(end => end.Key.Joined && IsOver(end.Value)).Select(end => end.Key.Node));
        }
    }

    /// <summary>Whether there is nothing more that work on the machine would suffer from, or its absence be taken for an eviction.</summary>
    private bool IsOver(WaveEnd end) =>
        request.Operation is MachineOperation.Start ? end.Outcome == "done" : !request.Stops || end is { Outcome: "failed", Unharmed: true };

    /// <returns>Null once the machine may be worked on, else why not.</returns>
    private async Task<string?> EmptyAsync(Candidate candidate, CancellationToken ct)
    {
        if (!candidate.Joined)
        {
            return null;
        }

        var node = candidate.Node;
        var who = await (request.Operation is MachineOperation.Start ? _hold.TakeOverAsync(node, say, ct) : _hold.PutAsync(node, untilStart: false, say, ct));
        if (who is not null)
        {
            return $"{who} works on it; run this again when that has ended";
        }

        if (!Empties)
        {
            return null;
        }

        var left = await _drain.RunAsync(node, request.DrainWithin, what => say($"{candidate.Machine.Name}: waits for {what}"), ct);
        return left switch
        {
            null => null,
            { Uncordoned: true } => await LeaveAsync(node, "somebody uncordoned its node meanwhile", ct),
            _ => await LeaveAsync(node, $"{left.Describe()} did not leave within {Words.Span(request.DrainWithin)}; give it longer with --drain-within{(request.Forceable ? ", or --force" : "")}", ct),
        };
    }

    /// <summary>Machines that have gone since the plan was made: the controller removes idle ones, the cloud takes spot ones back.</summary>
    private static Dictionary<Candidate, WaveEnd> Gone(ImmutableArray<Candidate> wave, PoolLook look)
    {
        if (look.Machines is not { } machines)
        {
            return [];
        }

        return wave
            .Select(c => (Candidate: c, Now: machines.GetValueOrDefault(c.Machine.ProviderId)))
            .Where(one => one.Now is null or { State: MachineState.Deleting })
            .ToDictionary(one => one.Candidate, one => one.Now is null ? WaveEnd.Gone : new WaveEnd("gone", "it is being removed"));
    }

    private Task<PoolLook> LookAsync(ImmutableArray<Candidate> wave, CancellationToken ct)
    {
        var pool = wave[0].Pool.Pool.Name;
        return PoolLook.AtAsync(cloud, pool, ImmutableHashSet.Create(pool), ct);
    }

    /// <returns>Null when the machine may be worked on now, else why not.</returns>
    private async Task<string?> LastLookAsync(Candidate candidate, CancellationToken ct)
    {
        if (!candidate.Joined || !Empties)
        {
            return null;
        }

        var node = candidate.Node;
        var ours = await _hold.IsOursAsync(node, ct);
        var look = await _hold.PatientlyAsync(() => _drain.LookAsync(node, ct), ct);
        return !ours ? await _hold.IsThereAsync(node, ct) ? "somebody took its hold over or off meanwhile" : "its node was deleted meanwhile"
            : look.Uncordoned ? await LeaveAsync(node, "somebody uncordoned its node meanwhile", ct)
            : look.IsEmpty ? null
            : await LeaveAsync(node, $"{look.Describe()} has come to it meanwhile", ct);
    }

    private async Task<string> LeaveAsync(string node, string why, CancellationToken ct)
    {
        await _hold.TakeOffAsync(node, ct);
        return why;
    }

    private bool Empties => !request.Force && request.Operation is not MachineOperation.Start;

    private string Doing() => request.Operation switch
    {
        MachineOperation.Start => "Starting",
        MachineOperation.Deallocate or MachineOperation.PowerOff => "Stopping",
        MachineOperation.Restart => "Restarting",
        MachineOperation.Reimage => "Reimaging",
        _ => "Resizing",
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
