using System.Collections.Immutable;
using Ebb.Acting;
using Ebb.Cli.Reports;
using Ebb.Clouds;
using Ebb.Kubernetes;
using Ebb.Pools;

namespace Ebb.Cli.Operating;

/// <summary>What became of one machine of a wave.</summary>
/// <param name="Outcome">done, left, failed or gone, as in <see cref="OperationOutcome.Outcome"/>.</param>
/// <param name="Why">Null when it is done.</param>
internal sealed record WaveEnd(string Outcome, string? Why)
{
    public static readonly WaveEnd Gone = new("gone", "the cloud no longer has it");

    /// <returns>Null for no reason.</returns>
    public static WaveEnd? Left(string? why) => why is null ? null : new("left", why);

    /// <summary>It failed and is as it was: a node that is ready, or a machine that is on or off as before.</summary>
    public bool Unharmed { get; init; }
}

/// <summary>Waits until the machines of a wave are what they are to be, or until it is known that they will not be.</summary>
internal sealed class WaveWait(IKubernetes kubernetes, ICloud cloud, TimeProvider time, OperationRequest request, Action<string> say)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    // Lists of machines are dear in Azure: thirty a minute for the whole scale set.
    private static readonly TimeSpan LookAtCloudEvery = TimeSpan.FromSeconds(4);

    // Where the cloud says that it failed, and not for which machines, or its answer was lost: those that it was done to are back this soon.
    private static readonly TimeSpan InDoubtFor = TimeSpan.FromMinutes(3);

    /// <summary>Whether a look at the cloud shows that a machine is what it is to be; asked at each look. Null: its node shows that.</summary>
    public Func<Candidate, PoolLook, bool>? Reached { get; init; }

    /// <param name="before">What the node of each was before.</param>
    /// <param name="lost">Why nobody knows whether the cloud has taken the order; null when it has.</param>
    /// <param name="ended">Gets what became of each as soon as it is known; of all, unless this is cut short.</param>
    public async Task RunAsync(
        PoolView pool, List<Candidate> waiting, NodeReturn[] before, string? lost, Dictionary<Candidate, WaveEnd> ended, CancellationToken ct)
    {
        var returns = waiting.Zip(before).ToDictionary(pair => pair.First, pair => pair.Second);
        var started = time.GetTimestamp();
        var doubts = lost is null ? [] : waiting.ToDictionary(c => c, _ => new Doubt(lost, Certainty.None, started));
        var looked = started;
        IReadOnlySet<string> inMotion = ImmutableHashSet.Create(pool.Pool.Name);
        while (ended.Count < returns.Count)
        {
            await Task.Delay(LookEvery, time, ct);
            PoolLook? look = null;
            if (time.GetElapsedTime(looked) >= LookAtCloudEvery)
            {
                looked = time.GetTimestamp();
                look = await PoolLook.AtAsync(cloud, pool.Pool.Name, inMotion, ct);
                foreach (var failure in look.Failures)
                {
                    if (waiting.Find(c => c.Machine.Id == failure.Machine) is { } one)
                    {
                        doubts.TryAdd(one, new Doubt(
                            $"Azure could not {Verb} it: {failure.Code}: {failure.Message}", failure.Named ? Certainty.Full : Certainty.ByState, time.GetTimestamp()));
                    }
                }

                foreach (var unsure in look.Failures.Where(failure => !failure.Named).DistinctBy(failure => (failure.Code, failure.Message)))
                {
                    say($"Azure could not {Verb} all of them, and does not say which: {unsure.Code}: {unsure.Message} Waiting to see.");
                }
            }

            foreach (var candidate in waiting.Where(c => !ended.ContainsKey(c)))
            {
                if (await EndAsync(candidate, returns[candidate], look, doubts.GetValueOrDefault(candidate), started, ct) is { } end)
                {
                    ended[candidate] = end;
                    if (end.Outcome == "failed")
                    {
                        say($"{candidate.Machine.Name}: {end.Why}");
                    }
                }
            }
        }
    }

    /// <returns>Null while it is to be waited for.</returns>
    private async Task<WaveEnd?> EndAsync(
        Candidate candidate, NodeReturn before, PoolLook? look, Doubt? doubt, long started, CancellationToken ct)
    {
        var machines = look?.Machines;
        if (machines is not null && !machines.ContainsKey(candidate.Machine.ProviderId))
        {
            return WaveEnd.Gone;
        }

        if (Reached is null ? await IsDoneAsync(candidate, before, machines, ct) : look is not null && Reached(candidate, look))
        {
            return new WaveEnd("done", null);
        }

        if (doubt is not null && machines is not null
            && (doubt.Certainty is Certainty.Full
                || (doubt.Certainty is Certainty.ByState && ShowsFailure(machines[candidate.Machine.ProviderId].State))
                || (time.GetElapsedTime(doubt.Since) >= InDoubtFor && !machines[candidate.Machine.ProviderId].Changing)))
        {
            return new WaveEnd("failed", doubt.Why)
            {
                Unharmed = await IsUnharmedAsync(candidate, before, machines[candidate.Machine.ProviderId].State, ct),
            };
        }

        return time.GetElapsedTime(started) >= request.DoneWithin
            ? new WaveEnd("failed", $"not {Wanted} within {Words.Span(request.DoneWithin)}{Besides(doubt)}; 'ebb machines' shows how it is")
            : null;
    }

    private async Task<bool> IsDoneAsync(Candidate candidate, NodeReturn before, Dictionary<string, Machine>? machines, CancellationToken ct)
    {
        // Of a machine whose host name the cloud does not tell, too, the cloud's own word has to do.
        if (request.Stops || candidate.Node.Length == 0)
        {
            var state = machines?[candidate.Machine.ProviderId].State;
            return request.Stops ? state is MachineState.Deallocated or MachineState.Stopped : state is MachineState.Running;
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

    /// <summary>Whether the machine's state says that nothing is under way any more that was asked for.</summary>
    private bool ShowsFailure(MachineState state) => request.Operation switch
    {
        MachineOperation.Start => state is MachineState.Stopped or MachineState.Deallocated or MachineState.Failed,
        MachineOperation.Deallocate or MachineOperation.PowerOff => state is MachineState.Running,
        _ => state is MachineState.Failed or MachineState.Stopped or MachineState.Deallocated,
    };

    private async Task<bool> IsUnharmedAsync(Candidate candidate, NodeReturn before, MachineState state, CancellationToken ct)
    {
        if (request.Operation is MachineOperation.Start || request.Stops)
        {
            return state == candidate.Machine.State;
        }

        try
        {
            return state is MachineState.Running && (!before.WasReady || await NodeReturn.OfAsync(kubernetes, candidate.Node, ct) == before);
        }
        catch (KubeException e) when (e.Heals)
        {
            return false;
        }
    }

    private string Verb => request.Operation switch
    {
        MachineOperation.Deallocate or MachineOperation.PowerOff => "stop",
        MachineOperation.Upgrade => "change",
        _ => request.Operation.ToString().ToLowerInvariant(),
    };

    private string Wanted => Reached is not null ? "what its pool says now" : request.Stops ? "stopped" : "a node that is ready again";

    private static string Besides(Doubt? doubt) => doubt is null ? "" : $" ({doubt.Why.TrimEnd('.')})";

    private enum Certainty
    {
        /// <summary>Nobody knows whether anything is done at all; time will tell.</summary>
        None,

        /// <summary>It failed for some machines; their state tells for which, or time.</summary>
        ByState,

        Full,
    }

    /// <param name="Since">When it was heard of.</param>
    private sealed record Doubt(string Why, Certainty Certainty, long Since);
}
