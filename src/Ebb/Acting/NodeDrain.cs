using Ebb.Acting.Draining;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;

namespace Ebb.Acting;

/// <summary>
/// Empties a node by a deadline: what can be moved goes at once, what should not be interrupted as late as its own grace period
/// allows, and when time is short the most valuable pods are told first. Budgets are kept until keeping them would lose the pod anyway.
/// </summary>
public sealed class NodeDrain(ApiKubernetes kubernetes, TimeProvider time)
{
    // Kubernetes' own default for pods that name none.
    private const int DefaultGraceSeconds = 30;

    // Longer than any machine is told of its end; a pod may name more than there is time in a calendar.
    private const int MostGraceSeconds = 366 * 24 * 60 * 60;

    private const int AtOnce = 8;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    // With less time than this left, a node that seems empty is taken for it at once.
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(10);

    // Between the end of a pod's grace and the end of the machine.
    private static readonly TimeSpan Spare = TimeSpan.FromSeconds(2);

    /// <param name="unowned">What becomes of pods without a controller.</param>
    /// <param name="binds">
    /// For how long a pod may still come to it: the scheduler may have decided on it just before its taint and still be binding. Empty
    /// it is by a look after that, unless there is no time for one.
    /// </param>
    /// <param name="stands">Whether it is still to be emptied, by its Node object as it is now; asked before each look at its pods.</param>
    /// <returns>When the node is empty, the deadline has come, or it need not be emptied any more.</returns>
    public async Task<Drained> RunAsync(
        string node, DateTimeOffset deadline, Unowned unowned, TimeSpan binds, Func<V1Node, bool> stands, CancellationToken ct)
    {
        var told = new HashSet<string>();
        var begun = time.GetTimestamp();
        while (true)
        {
            var settled = time.GetElapsedTime(begun) >= binds;
            var (drained, awaited) = await LookAsync(node, deadline, unowned, stands, told, ct);
            var left = deadline - time.GetUtcNow();
            if (drained.CalledOff || (awaited == 0 && (settled || left < Short)) || left <= TimeSpan.Zero)
            {
                return drained;
            }

            await Task.Delay(Least(Look, left), time, ct);
        }
    }

    /// <summary>One look, and what is to go by now is told so: for a deadline that is far off. Where it finds nothing, another one that may be trusted.</summary>
    public async Task<Drained> OnceAsync(
        string node, DateTimeOffset deadline, Unowned unowned, TimeSpan binds, Func<V1Node, bool> stands, CancellationToken ct)
    {
        var told = new HashSet<string>();
        var (drained, awaited) = await LookAsync(node, deadline, unowned, stands, told, ct);
        if (drained.CalledOff || awaited > 0 || binds == TimeSpan.Zero)
        {
            return drained;
        }

        await Task.Delay(binds, time, ct);
        return (await LookAsync(node, deadline, unowned, stands, told, ct)).Drained;
    }

    /// <param name="told">Uids of pods, to which those are added that are told to go.</param>
    /// <returns>Besides, how many pods are to be waited for.</returns>
    private async Task<(Drained Drained, int Awaited)> LookAsync(
        string node, DateTimeOffset deadline, Unowned unowned, Func<V1Node, bool> stands, HashSet<string> told, CancellationToken ct)
    {
        var calledOff = await kubernetes.NodeAsync(node, ct) is { } found && !stands(found);
        var pods = InOrder(await kubernetes.PodsOnAsync(node, ct)).ToList();
        var going = unowned is Unowned.Goes ? pods : [.. pods.Where(IsOwned)];
        var now = time.GetUtcNow();
        if (!calledOff && now < deadline)
        {
            // In this order, a few at a time: a server that is slow hears of the most valuable ones first.
            var due = going.Where(pod => pod.Metadata.DeletionTimestamp is null && MustGoAt(pod, deadline) <= now).ToList();
            await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct }, async (pod, stop) =>
            {
                if (await TellAsync(pod, deadline, stop))
                {
                    lock (told)
                    {
                        told.Add(pod.Metadata.Uid);
                    }
                }
            });
        }

        return (new Drained(told.Count, pods.Count, calledOff), unowned is Unowned.Stays ? going.Count : pods.Count);
    }

    /// <summary>Of higher priority first, then those that have run for longest: they have most to lose.</summary>
    internal static IEnumerable<V1Pod> InOrder(IEnumerable<V1Pod> pods) =>
        pods.Where(DrainLook.IsWork)
            .OrderByDescending(pod => pod.Spec.Priority ?? 0)
            .ThenBy(pod => pod.Status?.StartTime ?? DateTimeOffset.MaxValue)
            .ThenBy(pod => pod.Metadata.Name, StringComparer.Ordinal);

    /// <summary>Movable pods: now. Others: when their grace period, begun then, would just end in time.</summary>
    internal static DateTimeOffset MustGoAt(V1Pod pod, DateTimeOffset deadline) =>
        DrainLook.MayMove(pod) ? DateTimeOffset.MinValue : deadline - Grace(pod) - Spare;

    private async Task<bool> TellAsync(V1Pod pod, DateTimeOffset deadline, CancellationToken ct)
    {
        var left = deadline - time.GetUtcNow();
        var grace = Least(Grace(pod), left < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : left);
        try
        {
            var result = await kubernetes.EvictAsync(pod.Metadata.Namespace, pod.Metadata.Name, pod.Metadata.Uid, grace, ct);
            if (result is not EvictResult.BudgetForbids)
            {
                return true;
            }

            // Its time to end in good order begins now, with the budget's leave or without: the machine takes it down either way.
            if (left > Grace(pod) + Spare)
            {
                return false;
            }

            await kubernetes.DeletePodAsync(pod.Metadata.Namespace, pod.Metadata.Name, pod.Metadata.Uid, grace, ct);
            return true;
        }
        catch (KubeException e) when (e.Conflict || e.Code is null or System.Net.HttpStatusCode.TooManyRequests or >= System.Net.HttpStatusCode.InternalServerError)
        {
            // The next look tries again, as long as there is time.
            return false;
        }
    }

    private static bool IsOwned(V1Pod pod) => pod.Metadata.OwnerReferences?.Any(owner => owner.Controller == true) == true;

    private static TimeSpan Grace(V1Pod pod) =>
        TimeSpan.FromSeconds(Math.Clamp(pod.Spec.TerminationGracePeriodSeconds ?? DefaultGraceSeconds, 0, MostGraceSeconds));

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;
}

/// <summary>What becomes of pods without a controller, which nothing starts again elsewhere.</summary>
public enum Unowned
{
    /// <summary>They go as others do that should not be interrupted.</summary>
    Goes,

    /// <summary>The machine comes back, and they start again on it.</summary>
    Stays,

    /// <summary>Likewise, but the machine need not go before its time: as long as they run, the node is not empty.</summary>
    StaysAndCounts,
}

/// <param name="Told">Pods that were evicted or deleted.</param>
/// <param name="Left">Pods that had not ended when it was over.</param>
/// <param name="CalledOff">It ended because the node need not be emptied any more.</param>
public sealed record Drained(int Told, int Left, bool CalledOff);
