using Ebb.Acting;
using Ebb.Clouds;
using Ebb.Clouds.Azure;
using Ebb.Pools;

namespace Ebb.Cli.Operating;

/// <summary>
/// Brings machines to the model that their pool has now, before they are reimaged: by itself a reimage makes a machine's disk anew from the
/// model that the machine has, and only an upgrade gives it another (azure-cli issues 6388, 6488 and 28008, vm-scale-sets issue 73). What a
/// machine is told at its birth it reads off a fresh disk alone, and so both are needed, in this order.
/// </summary>
internal sealed class LatestModels(IKubernetes kubernetes, ICloud cloud, TimeProvider time, OperationRequest request, PatientHold hold, Action<string> say)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    // Most upgrades restart nothing; another image is a fresh disk, on which all is installed anew. What is no node by then is reimaged all the same.
    private static readonly TimeSpan BackWithin = TimeSpan.FromMinutes(5);

    // Kubernetes takes a node for ready for 40 s after its machine went down, from 1.32 on for 50 s.
    private static readonly TimeSpan LooksReadyFor = TimeSpan.FromMinutes(1);

    /// <summary>Whether the machine is, for all that is known, of an earlier model.</summary>
    public static bool Lacks(Candidate candidate) => candidate.Machine.LatestModel is not true && AzureCloud.CanUpgrade(candidate.Machine);

    /// <summary>Whether the machine is yet to come to its pool's model, or is on its way there for a command that was cut short.</summary>
    public static bool Concerns(Candidate candidate) =>
        Lacks(candidate) || (candidate.Joined && candidate.Machine.Changing && AzureCloud.CanUpgrade(candidate.Machine));

    /// <summary>Waits until they are what their pool says, and their nodes are back where that restarted them; all are held until then.</summary>
    /// <param name="ready">Held and empty.</param>
    /// <param name="release">Nodes that are let go whatever happens: these are not among them meanwhile.</param>
    /// <returns>What became of each: done when it may be reimaged.</returns>
    public async Task<Dictionary<Candidate, WaveEnd>> RunAsync(PoolView pool, List<Candidate> ready, HashSet<string> release, CancellationToken ct)
    {
        var before = await Task.WhenAll(ready.Select(c => LookAsync(c, ct)));
        var nodes = ready.Where(c => c.Joined).Select(c => c.Node).ToList();
        var lacking = ready.FindAll(Lacks);
        await Task.WhenAll(lacking.Where(c => c.Joined).Select(c => OwesAsync(c.Node, "true", ct)));

        // It may restart them, and so may what another command has begun.
        release.ExceptWith(nodes);
        var (order, ends) = await OrderAsync(pool, lacking, nodes, release, ct);
        HashSet<Candidate> doubtful = [];
        var wait = new WaveWait(kubernetes, cloud, time, request with { Operation = MachineOperation.Upgrade }, say) { Reached = Reached };
        await wait.RunAsync(pool, ready, before, order.Lost, ends, ct);
        await Task.WhenAll(ready.Zip(before)
            .Where(one => one.First.Joined && ends[one.First].Outcome == "done")
            .Select(one => BackAsync(one.First, one.Second, ran: !doubtful.Contains(one.First), ct)));
        release.UnionWith(nodes);
        return ends.ToDictionary(end => end.Key, end => end.Value with { Why = end.Value.Why is { } why ? PriceLimits.Explain(end.Key, why) : null });

        bool Reached(Candidate candidate, PoolLook look)
        {
            var machine = look.Machines?.GetValueOrDefault(candidate.Machine.ProviderId);
            if (machine is not { State: MachineState.Running })
            {
                doubtful.Add(candidate);
            }

            return machine is { Changing: false, LatestModel: not false } && !look.Upgrades;
        }
    }

    /// <summary>
    /// They are upgraded and no more: those whose disk is not on their host keep it, with all that they were told at their birth. What that
    /// was nobody knows here, and so each of them counts as one whose disk is of an earlier model.
    /// </summary>
    public Task OweAsync(IEnumerable<Candidate> machines, CancellationToken ct) =>
        Task.WhenAll(machines.Where(c => c.Node.Length > 0 && !c.Pool.Pool.LocalDisk).Select(c => OwesAsync(c.Node, "true", ct)));

    /// <summary>The machine's disk is as new: what was left to be done is done.</summary>
    public Task DoneAsync(string node, CancellationToken ct) => OwesAsync(node, null, ct);

    private async Task<(CloudOrder Order, Dictionary<Candidate, WaveEnd> Ends)> OrderAsync(
        PoolView pool, List<Candidate> lacking, List<string> nodes, HashSet<string> release, CancellationToken ct)
    {
        if (lacking.Count == 0)
        {
            return (CloudOrder.Taken, []);
        }

        say($"Bringing {string.Join(", ", lacking.Select(c => c.Machine.Name))} to what {(lacking.Count == 1 ? "its" : "their")} pool says now ...");
        CloudOrder order;
        try
        {
            order = await CloudOrder.GiveAsync(cloud, pool, lacking, MachineOperation.Upgrade, say, ct);
        }
        catch (CloudException)
        {
            // They run on.
            release.UnionWith(nodes);
            throw;
        }

        return order.Refused is not { } refused ? (order, [])
            : lacking.Count > 1 && PriceLimits.Hinder(refused) ? await OneByOneAsync(pool, lacking, ct)
            : (order, lacking.ToDictionary(c => c, _ => Refused(refused)));
    }

    /// <summary>Azure refuses all of them for one whose limit of price has changed.</summary>
    private async Task<(CloudOrder Order, Dictionary<Candidate, WaveEnd> Ends)> OneByOneAsync(PoolView pool, List<Candidate> lacking, CancellationToken ct)
    {
        var (lost, ends) = ((string?)null, new Dictionary<Candidate, WaveEnd>());
        foreach (var candidate in lacking)
        {
            var order = await CloudOrder.GiveAsync(cloud, pool, [candidate], MachineOperation.Upgrade, say, ct);
            lost ??= order.Lost;
            if (order.Refused is { } refused)
            {
                ends[candidate] = Refused(refused);
            }
        }

        return (new CloudOrder(lost, null), ends);
    }

    private static WaveEnd Refused(string why) => new("failed", why) { Unharmed = true };

    /// <summary>
    /// Until the node is what its machine makes of it: one that comes back later would be taken for reimaged, and get work before it is.
    /// </summary>
    /// <param name="ran">Whether the machine was seen to run all the while.</param>
    private async Task BackAsync(Candidate candidate, NodeReturn before, bool ran, CancellationToken ct)
    {
        var since = time.GetTimestamp();
        while (time.GetElapsedTime(since) < BackWithin)
        {
            var now = await LookAsync(candidate, ct);
            if (now.Uid == before.Uid && now.BootId == before.BootId ? ran || (now.WasReady && time.GetElapsedTime(since) >= LooksReadyFor) : now.WasReady)
            {
                return;
            }

            // A node that joins anew is held by nobody.
            if (now.Uid.Length > 0 && now.Uid != before.Uid && !await hold.IsOursAsync(candidate.Node, ct))
            {
                await hold.PutAsync(candidate.Node, untilStart: false, say, ct);
            }

            await Task.Delay(LookEvery, time, ct);
        }
    }

    private Task<NodeReturn> LookAsync(Candidate candidate, CancellationToken ct) =>
        hold.PatientlyAsync(() => NodeReturn.OfAsync(kubernetes, candidate.Node, ct), ct);

    // Once it is upgraded the cloud no longer tells such a machine from others; its node does, whatever becomes of this command.
    private Task<ChangeResult> OwesAsync(string node, string? value, CancellationToken ct) => hold.PatientlyAsync(
        () => kubernetes.ChangeNodeAsync(node, new NodeChange { Annotations = new Dictionary<string, string?> { [Marks.Reimage] = value } }, ct), ct);
}
