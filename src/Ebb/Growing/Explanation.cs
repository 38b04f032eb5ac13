using Ebb.Planning;
using Ebb.Scheduling;

namespace Ebb.Growing;

/// <summary>Tells in plain words what pods wait for.</summary>
internal sealed class Explanation(Draft draft, Placement placement)
{
    // More than this nobody reads; the rest is in the pools' own reasons.
    private const int MostPools = 3;

    public string Of(PodGroup group, object where) => where switch
    {
        Where.Ready => "waiting: fits on a node that is there, the scheduler has yet to place it",
        PoolStanding pool => $"waiting: pool {pool.Name} grows for it",
        Coming { Since: { } since } coming => $"waiting: machine on its way in pool {coming.Pool.Name}, {Words.Span(draft.Now - since)} so far",
        Standing { Joining: true } node => $"waiting: machine on its way in pool {node.Pool!.Name}, {Words.Span(draft.Now - (node.Machine!.CreatedAt ?? node.Node.CreatedAt))} so far",
        Standing node => $"waiting: node {node.Node.Name} is released for it",
        _ => Nowhere(group),
    };

    /// <summary>Whether machines of this pool would do, if only it could grow.</summary>
    public bool IsWilling(PodGroup group, PoolStanding pool) =>
        placement.Templates[pool].Exists(template => CausesOf(group, template) == Causes.None);

    private string Nowhere(PodGroup group)
    {
        if (group.Class.NodeTerms is [{ Fields: [{ Values: [var only] }] }])
        {
            return $"waiting: may run on node {only} alone, and does not fit there";
        }

        if (draft.Pools.Count == 0)
        {
            return "waiting: fits on no node, and there is no pool that could grow";
        }

        var willing = draft.Pools.Where(pool => IsWilling(group, pool)).Select(WhyNot).ToList();
        return "waiting: " + (willing.Count > 0 ? Joined(willing) : NoPoolSuits(group));
    }

    /// <summary>Why a pool whose machines would do does not grow.</summary>
    private string WhyNot(PoolStanding pool) =>
        !pool.Sound ? $"pool {pool.Name} is left alone: {pool.Pool.Problem}"
        : pool.BackOff is { } note && note.Until > draft.Now ? $"pool {pool.Name} could not grow ({note.Code}), tried again in {Words.Span(note.Until - draft.Now)}"
        : pool.View.Capacity + pool.Buying >= pool.Pool.Max ? $"pool {pool.Name} is at its maximum {pool.Pool.Max}"
        : pool.Pool.PartOf is { } whole && MostOf(whole) is var most && Of(whole).Sum(part => part.View.Capacity + part.Buying) >= most ? $"pool {pool.Name} is part of {whole}, which is at its maximum {most}"
        : $"a machine of pool {pool.Name} would be nowhere that its rules about other pods allow";

    private IEnumerable<PoolStanding> Of(string whole) => draft.Pools.Where(pool => pool.Pool.PartOf == whole);

    private int MostOf(string whole) => Of(whole).Max(pool => pool.Pool.Max);

    private static Causes CausesOf(PodGroup group, Template template)
    {
        var causes = template.Fit(group.Class);
        return Dimensions.Times(group.Need, template.Free, 1) == 1 ? causes : causes | NodeFit.Check(group.Class.Requests, template.Allocatable) | Causes.Pods;
    }

    private string NoPoolSuits(PodGroup group)
    {
        var templates = draft.Pools.SelectMany(pool => placement.Templates[pool]).ToList();
        foreach (var (key, value) in group.Class.NodeSelector)
        {
            if (templates.TrueForAll(template => template.Labels.Get(key) != value))
            {
                return $"needs a node labelled {key}={value}, no pool offers it";
            }
        }

        foreach (var (name, amount) in group.Class.Requests.Extended)
        {
            var most = templates.Max(template => template.Allocatable.Extended.GetValueOrDefault(name));
            if (amount > most)
            {
                var what = name.Contains('/', StringComparison.Ordinal) ? $"{name[(name.LastIndexOf('/') + 1)..]} ({name})" : name;
                return most == 0 ? $"needs {what}, no pool offers it" : $"needs {amount} {what}, no machine of any pool has more than {most}";
            }
        }

        List<string> why = [];
        foreach (var pool in draft.Pools)
        {
            why.Add($"pool {pool.Name} {Unfit(group, placement.Templates[pool].MinBy(template => System.Numerics.BitOperations.PopCount((uint)CausesOf(group, template)))!)}");
        }

        return Joined(why);
    }

    private static string Unfit(PodGroup group, Template template)
    {
        var causes = CausesOf(group, template);
        var asked = group.Class.Requests;
        return causes.HasFlag(Causes.Taint) && template.Taints.FirstOrDefault(taint => taint.Effect != TaintEffect.PreferNoSchedule && !NodeFit.Tolerates(group.Class, taint)) is { } taint
                ? $"has the taint {taint.Key}, which it does not tolerate"
            : causes.HasFlag(Causes.Selector) ? "has not the labels that its affinity asks for"
            : causes.HasFlag(Causes.Volume) ? "is not in the zone of its volume"
            : causes.HasFlag(Causes.Cpu) || group.Need[0] > template.Free[0] ? $"is too small, {Words.Cores(asked.CpuMilli)} CPUs are needed and a machine has {Words.Cores(Math.Max(0, template.Free[0]))}"
            : causes.HasFlag(Causes.Memory) || group.Need[1] > template.Free[1] ? $"is too small, {Words.Bytes(asked.MemoryBytes)} of memory are needed and a machine has {Words.Bytes(Math.Max(0, template.Free[1]))}"
            : causes.HasFlag(Causes.EphemeralStorage) ? "has too little ephemeral storage"
            : causes.HasFlag(Causes.Extended) ? $"lacks {string.Join(", ", asked.Extended.Keys)}"
            : "has no room left for pods beside those of DaemonSets";
    }

    private static string Joined(List<string> reasons) =>
        reasons.Count <= MostPools
            ? string.Join("; ", reasons)
            : $"{string.Join("; ", reasons.Take(MostPools))}; and {reasons.Count - MostPools} more pools";
}
