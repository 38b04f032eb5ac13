namespace Ebb.Acting.Draining;

/// <summary>Empties cordoned nodes that have time, unlike those of machines that go: asks pods to leave that run on elsewhere, as their budgets allow, and waits for the others to end.</summary>
public sealed class PatientDrain(IKubernetes kubernetes, TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    // An API server that refuses because of a budget is not asked for the same pod at every look.
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(5);

    /// <param name="within">How long it may take. Pods still there then are left as they are, some perhaps asked to leave.</param>
    /// <param name="tell">What is waited for, whenever that has changed.</param>
    /// <returns>Null once the node is empty or gone; else what still keeps it.</returns>
    public async Task<DrainLook?> RunAsync(string node, TimeSpan within, Action<string> tell, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var asked = new Dictionary<string, long>(StringComparer.Ordinal);
        var told = "";
        while (true)
        {
            var look = DrainLook.Of(await kubernetes.PodsOnAsync(node, ct));
            if (look.IsEmpty)
            {
                return null;
            }

            var forbidden = 0;
            foreach (var pod in look.ToEvict)
            {
                var uid = pod.Metadata.Uid;
                if (asked.TryGetValue(uid, out var at) && time.GetElapsedTime(at) < AskAgain)
                {
                    continue;
                }

                asked[uid] = time.GetTimestamp();
                if (await kubernetes.EvictAsync(pod.Metadata.Namespace, pod.Metadata.Name, uid, ct) is EvictResult.BudgetForbids)
                {
                    forbidden++;
                }
            }

            var saying = forbidden > 0 ? $"{look.Describe()}, as a disruption budget allows" : look.Describe();
            if (saying != told)
            {
                told = saying;
                tell(saying);
            }

            if (time.GetElapsedTime(started) >= within)
            {
                return look;
            }

            await Task.Delay(LookEvery, time, ct);
        }
    }
}
