using Ebb.Kubernetes;
using Ebb.Planning;

namespace Ebb.Acting.Draining;

/// <summary>Empties cordoned nodes that have time, unlike those of machines that go: asks pods to leave that run on elsewhere, as their budgets allow, and waits for the others to end.</summary>
public sealed class PatientDrain(IKubernetes kubernetes, TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    // An API server that refuses because of a budget is not asked for the same pod at every look.
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(5);

    // The scheduler may have decided on the node just before the cordon and still be binding: a look sooner than this proves nothing.
    private static readonly TimeSpan CordonFor = new Policy().CordonFor;

    /// <summary>Called once the node is cordoned.</summary>
    /// <param name="within">How long it may take. Pods still there then are left as they are, some perhaps asked to leave.</param>
    /// <param name="tell">What is waited for, whenever that has changed.</param>
    /// <returns>Null once the node is empty, or gone; else what still keeps it, or that it is cordoned no more.</returns>
    public async Task<DrainLook?> RunAsync(string node, TimeSpan within, Action<string> tell, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var asked = new Dictionary<string, long>(StringComparer.Ordinal);
        var told = "";
        while (true)
        {
            string saying;
            try
            {
                var settled = time.GetElapsedTime(started) >= CordonFor;
                var look = DrainLook.Of(await kubernetes.PodsOnAsync(node, ct));
                if (look.IsEmpty && settled)
                {
                    look = await LookAsync(node, ct);
                    if (look.IsEmpty || look.Uncordoned)
                    {
                        return look.Uncordoned ? look : null;
                    }
                }

                saying = look.IsEmpty ? told : await AskAsync(look, asked, ct) ? $"{look.Describe()}, as a disruption budget allows" : look.Describe();
                if (!look.IsEmpty && time.GetElapsedTime(started) >= within)
                {
                    return look;
                }
            }
            catch (KubeException e) when (e.Heals && time.GetElapsedTime(started) < within)
            {
                saying = $"the API server: {e.Message}";
            }

            if (saying != told)
            {
                told = saying;
                tell(saying);
            }

            await Task.Delay(LookEvery, time, ct);
        }
    }

    /// <summary>What is on a node now.</summary>
    public async Task<DrainLook> LookAsync(string node, CancellationToken ct)
    {
        // The node first: whatever its cordon let through before stands in the list of pods read after it.
        var found = await kubernetes.NodeAsync(node, ct);
        return DrainLook.Of(await kubernetes.PodsOnAsync(node, ct)) with { Uncordoned = found is not null && found.Spec.Unschedulable is not true };
    }

    /// <returns>Whether a budget forbade any of it.</returns>
    private async Task<bool> AskAsync(DrainLook look, Dictionary<string, long> asked, CancellationToken ct)
    {
        var forbidden = false;
        foreach (var pod in look.ToEvict)
        {
            var uid = pod.Metadata.Uid;
            if (!asked.TryGetValue(uid, out var at) || time.GetElapsedTime(at) >= AskAgain)
            {
                asked[uid] = time.GetTimestamp();
                forbidden |= await kubernetes.EvictAsync(pod.Metadata.Namespace, pod.Metadata.Name, uid, ct) is EvictResult.BudgetForbids;
            }
        }

        return forbidden;
    }
}
