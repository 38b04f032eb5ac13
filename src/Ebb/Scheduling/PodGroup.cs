namespace Ebb.Scheduling;

/// <summary>Pods that nothing the scheduler looks at can tell apart.</summary>
/// <param name="need">What one of them asks for, by the places of <see cref="Dimensions"/>.</param>
internal sealed class PodGroup(PodClass kind, string ns, LabelSet labels, long[] need)
{
    public PodClass Class { get; } = kind;

    public string Namespace { get; } = ns;

    /// <summary>Only labels that some selector could see.</summary>
    public LabelSet Labels { get; } = labels;

    public long[] Need { get; } = need;

    /// <summary>In the order in which they are to be placed.</summary>
    public List<Pod> Pods { get; } = [];

    /// <summary>How many of <see cref="Pods"/>, from the front, have a place.</summary>
    public int Placed { get; set; }

    public int Remaining => Pods.Count - Placed;

    /// <summary>Where the pods went in thought, in their order: how many, to what.</summary>
    public List<(int Count, object Where)> Outcomes { get; } = [];

    public void Went(int count, object where)
    {
        Placed += count;
        if (Outcomes.Count > 0 && Equals(Outcomes[^1].Where, where))
        {
            Outcomes[^1] = (Outcomes[^1].Count + count, where);
        }
        else
        {
            Outcomes.Add((count, where));
        }
    }

    /// <summary>What other pods mean for these; null when nothing.</summary>
    public GroupTopology? Topology { get; set; }
}
