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
    // After Ctrl-C: enough to take our marks off, not so long that a person would press it again.
    private static readonly TimeSpan LetGoWithin = TimeSpan.FromSeconds(10);

    // A person who waits for the first mark, or the last answer, would rather wait this long than begin again.
    private static readonly TimeSpan TroubleWithin = TimeSpan.FromMinutes(1);

    private readonly NodeHold _hold = new(kubernetes, time, NodeHold.NewOwner());

    private readonly PatientDrain _drain = new(kubernetes, time);

    /// <returns>For each machine of the plan what became of it. Machines of waves after one that did not come back are not in it.</returns>
    public Task<ImmutableArray<OperationOutcome>> RunAsync(OperationPlan plan, CancellationToken ct) =>
        Following.WhileAsync(_hold.RunAsync, () => WavesAsync(plan, ct), ct);

    private async Task<ImmutableArray<OperationOutcome>> WavesAsync(OperationPlan plan, CancellationToken ct)
    {
        var outcomes = ImmutableArray.CreateBuilder<OperationOutcome>();
        await LetGoOfOthersAsync(plan, ct);
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
            var why = await Task.WhenAll(wave.Select(candidate => EmptyAsync(candidate, ct)));
            var before = await Task.WhenAll(wave.Select(candidate => BeforeAsync(candidate.Node, ct)));

            // One that was empty early was not looked at while others were emptied.
            why = await Task.WhenAll(wave.Select(async (candidate, i) => why[i] ?? await LastLookAsync(candidate, ct)));
            var ready = wave.Where((_, i) => why[i] is null).ToList();
            var returns = before.Where((_, i) => why[i] is null).ToArray();
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
                [.. wave.Select((c, i) => Outcome(c, why[i] is { } left ? new WaveEnd("left", left) : ends[c], time.GetElapsedTime(started)))],
                ends.Values.Any(end => end is { Outcome: "failed", Unharmed: false }));
        }
        finally
        {
            await LetGoAsync(release, [.. wave.Where(c => c.Joined && !release.Contains(c.Node)).Select(c => c.Node)]);
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

    /// <summary>Takes off what commands that were killed have left on nodes that this one does not work on.</summary>
    private async Task LetGoOfOthersAsync(OperationPlan plan, CancellationToken ct)
    {
        string[] others = [.. plan.LetGo, .. plan.LeftBehind.Select(c => c.Node)];
        if (others.Length == 0)
        {
            return;
        }

        await Task.WhenAll(others.Select(node => HoldAsync(() => _hold.TakeOverAsync(node, say, ct), ct)));

        // What was begun on a machine may be under way yet, and work that came to it now would be lost.
        var settled = plan.LeftBehind.IsEmpty ? [] : await SettledAsync(ct);
        var release = others.Except(plan.LeftBehind.Where(c => !settled.Contains(c.Machine.ProviderId)).Select(c => c.Node)).ToArray();
        await LetGoAsync(release, [.. others.Except(release)]);
    }

    /// <returns>By provider id the machines that run and that the cloud is not at work on; none when it does not say.</returns>
    private async Task<HashSet<string>> SettledAsync(CancellationToken ct)
    {
        try
        {
            var view = await cloud.ReadAsync(ImmutableHashSet<string>.Empty, ct);
            return view.Pools.SelectMany(pool => pool.Machines).Where(m => m is { State: MachineState.Running, Changing: false }).Select(m => m.ProviderId)
                .ToHashSet(StringComparer.OrdinalIgnoreCase);
        }
        catch (CloudException e) when (e.MayBeDone || e.Status is HttpStatusCode.TooManyRequests)
        {
            return [];
        }
    }

    /// <param name="release">What is ours on these is taken off.</param>
    /// <param name="keep">These stay held, for whoever comes next.</param>
    private async Task LetGoAsync(IReadOnlyCollection<string> release, IReadOnlyCollection<string> keep)
    {
        // Not the caller's token: a command that was asked to end does this still.
        using var soon = new CancellationTokenSource(LetGoWithin, time);
        try
        {
            await Task.WhenAll(release.Select(node => PatientlyAsync(() => _hold.TakeOffAsync(node, soon.Token), LetGoWithin, soon.Token)));
        }
        catch (OperationCanceledException e)
        {
            throw new IOException(
                $"The API server does not answer: {string.Join(", ", release)} may still be held ({Marks.Operating}). The next command on machines takes that off.", e);
        }

        try
        {
            await Task.WhenAll(keep.Select(node => PatientlyAsync(() => _hold.LeaveAsync(node, soon.Token), LetGoWithin, soon.Token)));
        }
        catch (Exception e) when (e is KubeException or OperationCanceledException)
        {
            // They are held as they should be; whoever comes next has to see for itself that nobody is at work any more.
        }
    }

    /// <returns>Null once it is ours, else who works on it.</returns>
    private async Task<string?> HoldAsync(Func<Task<string?>> hold, CancellationToken ct)
    {
        string? who = null;
        await PatientlyAsync(async () => who = await hold(), TroubleWithin, ct);
        return who;
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
        if (!candidate.Joined)
        {
            return null;
        }

        var node = candidate.Node;
        var who = await HoldAsync(
            () => request.Operation is MachineOperation.Start ? _hold.TakeOverAsync(node, say, ct) : _hold.PutAsync(node, untilStart: request.Stops, say, ct), ct);
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
            _ => await LeaveAsync(node, $"{left.Describe()} did not leave within {Words.Span(request.DrainWithin)}; give it longer with --drain-within, or --force", ct),
        };
    }

    /// <returns>Null when the machine may be worked on now, else why not.</returns>
    private async Task<string?> LastLookAsync(Candidate candidate, CancellationToken ct)
    {
        if (!candidate.Joined || !Empties)
        {
            return null;
        }

        var (node, ours, look) = (candidate.Node, false, default(DrainLook));
        await PatientlyAsync(async () => (ours, look) = (await _hold.IsOursAsync(node, ct), await _drain.LookAsync(node, ct)), TroubleWithin, ct);
        return !ours ? "somebody took its hold over or off meanwhile"
            : look!.Uncordoned ? await LeaveAsync(node, "somebody uncordoned its node meanwhile", ct)
            : look.IsEmpty ? null
            : await LeaveAsync(node, $"{look.Describe()} has come to it meanwhile", ct);
    }

    private async Task<string> LeaveAsync(string node, string why, CancellationToken ct)
    {
        await PatientlyAsync(() => _hold.TakeOffAsync(node, ct), TroubleWithin, ct);
        return why;
    }

    private bool Empties => !request.Force && request.Operation is not MachineOperation.Start;

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
