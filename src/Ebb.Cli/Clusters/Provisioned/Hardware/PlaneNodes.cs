using Ebb.Acting;
using Ebb.Acting.Draining;
using Ebb.Cli.Operating;
using Ebb.Cli.Reports;
using Ebb.Kubernetes;

namespace Ebb.Cli.Clusters.Provisioned.Hardware;

/// <summary>Nodes of control-plane machines: emptied before their machine goes, waited for when it has come back, taken out of the cluster.</summary>
/// <param name="renewed">When a node's kubelet last renewed its lease; null where there is none.</param>
internal sealed class PlaneNodes(
    IKubernetes kubernetes, Func<string, CancellationToken, Task<DateTimeOffset?>> renewed, TimeProvider time, Action<ProvisionEvent> tell)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan AnswersWithin = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan DrainWithin = TimeSpan.FromMinutes(10);

    // A machine boots and k3s finds its place in the store; one that is made anew takes longer, and is waited for by what it reports.
    private static readonly TimeSpan BackWithin = TimeSpan.FromMinutes(20);

    // A node is said to be ready for so long after its machine has gone down.
    private static readonly TimeSpan StaleWithin = TimeSpan.FromSeconds(90);

    // To see whether another 'ebb up' is at work on a node takes the most of it.
    private static readonly TimeSpan LetGoWithin = OperatingMark.StaleAfter + TimeSpan.FromSeconds(30);

    private readonly NodeHold _hold = new(kubernetes, time, NodeHold.NewOwner());

    /// <summary>Says that nodes are worked on, while they are.</summary>
    public Task WhileHeldAsync(Func<Task> work, CancellationToken ct) => Following.WhileAsync(
        _hold.RunAsync,
        async () =>
        {
            await work();
            return true;
        },
        ct);

    public async Task<bool> IsReadyAsync(string node, CancellationToken ct)
    {
        try
        {
            return (await kubernetes.NodeAsync(node, ct))?.IsReady() == true;
        }
        catch (KubeException)
        {
            // Nobody is known to be ready; whoever asks has a limit of its own.
            return false;
        }
    }

    /// <summary>Waits until a node has given a sign of life, or is not said to be ready any more, as one that is dead is before long.</summary>
    public async Task SignOfLifeAsync(string node, CancellationToken ct)
    {
        var (started, last) = (time.GetTimestamp(), await RenewedAsync(node, ct));
        while (time.GetElapsedTime(started) < StaleWithin && await IsReadyAsync(node, ct) && await RenewedAsync(node, ct) == last)
        {
            await Task.Delay(LookEvery, time, ct);
        }
    }

    /// <summary>Whether an earlier run was cut short while it worked on its machine.</summary>
    public async Task<bool> IsHeldAsync(string node, CancellationToken ct)
    {
        try
        {
            return (await kubernetes.NodeAsync(node, ct))?.Metadata.Annotations?.ContainsKey(Marks.Operating) == true;
        }
        catch (KubeException)
        {
            // While nobody answers there is nothing to believe either.
            return true;
        }
    }

    /// <summary>Keeps work off the node.</summary>
    /// <exception cref="IOException">Somebody else works on it.</exception>
    public async Task HoldAsync(string node, CancellationToken ct)
    {
        string? who = null;
        await PatientlyAsync(async () => who = await _hold.PutAsync(node, untilStart: false, Say, ct), ct);
        if (who is not null)
        {
            throw new IOException($"{node} is not begun: {who} works on it. Run this again when that has ended.");
        }
    }

    /// <summary>Has what is on a node that is held leave or end.</summary>
    /// <exception cref="IOException">Something would not; the node is let go.</exception>
    public async Task EmptyAsync(string node, CancellationToken ct)
    {
        if (await new PatientDrain(kubernetes, time).RunAsync(node, DrainWithin, what => Say($"{node}: waits for {what}"), ct) is not { } left)
        {
            return;
        }

        await PatientlyAsync(() => _hold.TakeOffAsync(node, ct), ct);
        if (left.Uncordoned)
        {
            throw new IOException($"{node} is as it was: somebody uncordoned it meanwhile. Run this again.");
        }

        throw new IOException($"{node} is as it was: {left.Describe()} did not leave within {Words.Span(DrainWithin)}. Run this again when that has ended; or say --force, and it is lost.");
    }

    public async Task<NodeReturn> BeforeAsync(string node, CancellationToken ct)
    {
        NodeReturn? before = null;
        await PatientlyAsync(async () => before = await NodeReturn.OfAsync(kubernetes, node, ct), ct);
        return before!;
    }

    /// <exception cref="TimeoutException">It has not come back in time.</exception>
    public async Task BackAsync(string node, NodeReturn before, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (!await IsBackAsync(node, before, ct))
        {
            if (time.GetElapsedTime(started) > BackWithin)
            {
                throw new TimeoutException($"{node} was not a node that is ready within {BackWithin.TotalMinutes} min of its start. Its boot log is under 'Boot diagnostics' of the machine; run this again to wait on.");
            }

            await Task.Delay(LookEvery, time, ct);
        }
    }

    /// <summary>Deletes the node, and waits until it is gone: k3s keeps it until its member of the store is removed.</summary>
    public async Task RemoveAsync(string node, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var gone = false;
            await PatientlyAsync(
                async () =>
                {
                    var found = await kubernetes.NodeAsync(node, ct);
                    gone = found is null;
                    if (found is { Metadata.DeletionTimestamp: null })
                    {
                        await kubernetes.DeleteNodeAsync(node, found.Metadata.Uid, ct);
                    }
                },
                ct);
            if (gone)
            {
                return;
            }

            if (time.GetElapsedTime(started) > AnswersWithin)
            {
                throw new TimeoutException($"Node '{node}' was not gone within {AnswersWithin.TotalMinutes} min: k3s has not taken its member out of the store. See that the other machines are ready ('kubectl get nodes'), then run this again.");
            }

            await Task.Delay(LookEvery, time, ct);
        }
    }

    /// <summary>Takes off what this, or an earlier run that was cut short, has put on nodes.</summary>
    public async Task LetGoAsync(IEnumerable<string> nodes)
    {
        // Not the caller's token: a command that was asked to end does this still.
        using var soon = new CancellationTokenSource(LetGoWithin, time);
        foreach (var node in nodes)
        {
            try
            {
                await PatientlyAsync(
                    async () =>
                    {
                        if (await _hold.TakeOverAsync(node, Say, soon.Token) is null)
                        {
                            await _hold.TakeOffAsync(node, soon.Token);
                        }
                    },
                    soon.Token);
            }
            catch (Exception e) when (e is KubeException or OperationCanceledException)
            {
                Say($"Node '{node}' may still be cordoned ({Marks.Operating}): 'ebb up' takes that off.");
            }
        }
    }

    private void Say(string what) => tell(new ProvisionEvent.Note(what));

    private async Task<DateTimeOffset?> RenewedAsync(string node, CancellationToken ct)
    {
        try
        {
            return await renewed(node, ct);
        }
        catch (KubeException)
        {
            // Who cannot be asked is not said to be ready either.
            return null;
        }
    }

    private async Task<bool> IsBackAsync(string node, NodeReturn before, CancellationToken ct)
    {
        try
        {
            return before.IsIn(await kubernetes.NodeAsync(node, ct));
        }
        catch (KubeException)
        {
            // Of a control plane that starts anew any answer is one of the moment.
            return false;
        }
    }

    /// <summary>An API server that is away for a moment is waited for.</summary>
    private async Task PatientlyAsync(Func<Task> call, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (KubeException e) when (e.Heals && time.GetElapsedTime(started) < AnswersWithin)
            {
                await Task.Delay(LookEvery, time, ct);
            }
        }
    }
}
