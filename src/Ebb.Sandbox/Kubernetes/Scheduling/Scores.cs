using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Scheduling;

/// <summary>
/// Ranks the nodes that a pod fits on as the default profile does, so that pods spread and shrinking is as hard as in life.
/// ImageLocality is left out: no node here has images.
/// </summary>
internal sealed class Scores(PodView pod, ClusterPicture cluster)
{
    private const int Max = 100;
    private const int TaintWeight = 3;
    private const int AffinityWeight = 2;
    private const int SpreadWeight = 2;
    private const int PodAffinityWeight = 2;

    public NodeSlot Best(IReadOnlyList<NodeSlot> fitting, Random random)
    {
        if (fitting.Count == 1)
        {
            return fitting[0];
        }

        var totals = new long[fitting.Count];
        for (var i = 0; i < totals.Length; i++)
        {
            totals[i] = LeastAllocated(fitting[i]) + Balanced(fitting[i]);
        }

        AddTaints(fitting, totals);
        AddAffinity(fitting, totals);
        new SpreadScore(pod, cluster).AddTo(fitting, totals, SpreadWeight);
        PodAffinityScore.AddTo(pod, cluster, fitting, totals, PodAffinityWeight);
        return fitting[IndexOfBest(totals, random)];
    }

    private static int IndexOfBest(long[] totals, Random random)
    {
        int best = 0, ties = 1;
        for (var i = 1; i < totals.Length; i++)
        {
            if (totals[i] > totals[best])
            {
                (best, ties) = (i, 1);
            }
            else if (totals[i] == totals[best] && random.Next(++ties) == 0)
            {
                best = i;
            }
        }

        return best;
    }

    private long LeastAllocated(NodeSlot slot) =>
        (Free(slot.ScoredCpuMilli + pod.Needs.ScoredCpuMilli, slot.Node.Allocatable.CpuMilli)
        + Free(slot.ScoredMemoryBytes + pod.Needs.ScoredMemoryBytes, slot.Node.Allocatable.MemoryBytes)) / 2;

    private static long Free(long requested, long total) =>
        total == 0 || requested > total ? 0 : (total - requested) * Max / total;

    private long Balanced(NodeSlot slot)
    {
        var asks = pod.Needs.Requests;
        if (asks.IsNone)
        {
            return 0;
        }

        var cpu = Share(slot.CpuMilli + asks.CpuMilli, slot.Node.Allocatable.CpuMilli);
        var memory = Share(slot.MemoryBytes + asks.MemoryBytes, slot.Node.Allocatable.MemoryBytes);
        return (long)((1 - (Math.Abs(cpu - memory) / 2)) * Max);
    }

    private static double Share(long requested, long total) => total == 0 ? 1 : Math.Min(1, (double)requested / total);

    private void AddTaints(IReadOnlyList<NodeSlot> fitting, long[] totals)
    {
        var counts = new int[fitting.Count];
        var most = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            foreach (var taint in fitting[i].Node.Taints)
            {
                if (taint.Effect == Taint.PreferNoSchedule && !pod.Needs.Tolerations.Any(t => t.Bears(taint)))
                {
                    counts[i]++;
                }
            }

            most = Math.Max(most, counts[i]);
        }

        // Without any such taint all score the same.
        for (var i = 0; i < counts.Length && most > 0; i++)
        {
            totals[i] += TaintWeight * (Max - (Max * counts[i] / most));
        }
    }

    private void AddAffinity(IReadOnlyList<NodeSlot> fitting, long[] totals)
    {
        if (pod.Needs.Nodes.Preferred.IsEmpty)
        {
            return;
        }

        var preferences = fitting.Select(slot => pod.Needs.Nodes.Preference(slot.Node)).ToArray();
        var most = preferences.Max();
        for (var i = 0; i < preferences.Length && most > 0; i++)
        {
            totals[i] += AffinityWeight * (Max * preferences[i] / most);
        }
    }
}
