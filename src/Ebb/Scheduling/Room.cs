using System.Collections.Immutable;

namespace Ebb.Scheduling;

/// <summary>Where a pod could be put in thought: a node, or a machine that is on its way or not bought yet.</summary>
internal sealed class Room
{
    public required string Name { get; init; }

    public required LabelSet Labels { get; init; }

    public required ImmutableArray<Taint> Taints { get; init; }

    public bool Cordoned { get; init; }

    /// <summary>What is left, by the places of <see cref="Dimensions"/>; goes down as pods are put here.</summary>
    public required long[] Free { get; init; }

    public List<HostPort>? Ports { get; set; }

    /// <summary>What the room is to whoever made it: the standing of a node, the pool of a machine to come.</summary>
    public required object Of { get; init; }

    /// <summary>How many pods were put here in thought.</summary>
    public int Placed { get; set; }

    /// <summary>Resources of which more is asked for than there is, where that forbids pods which ask for others; see <see cref="SchedulerRules"/>.</summary>
    public Causes Overcommitted { get; init; }

    public Causes Fit(PodClass pod) =>
        NodeFit.Check(pod, Name, Labels, Taints, Cordoned) | (pod.AsksForSomething ? Overcommitted : Causes.None);

    public bool PortsFree(PodClass pod)
    {
        if (pod.HostPorts.Length == 0 || Ports is null)
        {
            return true;
        }

        foreach (var asked in pod.HostPorts)
        {
            foreach (var used in Ports)
            {
                if (asked.ConflictsWith(used))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Nothing more is to be put here in thought.</summary>
    public bool Closed { get; set; }

    public void Put(PodGroup group, int count)
    {
        Dimensions.Subtract(Free, group.Need, count);
        Placed += count;
        if (group.Class.HostPorts.Length > 0)
        {
            // The list may be the node's own.
            Ports = [.. Ports ?? [], .. group.Class.HostPorts];
        }
    }
}
