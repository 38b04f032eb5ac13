using Ebb.Planning;
using Ebb.Scheduling;

namespace Ebb.Growing;

/// <summary>Where waiting pods could go, and puts them there in thought.</summary>
internal sealed class Placement
{
    private readonly Draft _draft;
    private readonly Demand _demand;
    private readonly List<PodGroup> _looking;

    public Placement(Draft draft, Demand demand)
    {
        (_draft, _demand) = (draft, demand);
        _looking = [.. demand.Groups.Where(group => group.Topology is not null)];
        // Busy nodes first: those that are idle may then go. Steered ones last: they are to run empty.
        AddNodes(node => node is { Idle: false, Retiring: null });
        AddNodes(node => node is { Idle: true, Retiring: null });
        AddNodes(node => node.Retiring is not null);
        Templates = draft.Pools.ToDictionary(
            pool => pool, pool => Template.Of(pool, draft, demand.Dimensions, demand.ZonesMatter).ToList());
        foreach (var pool in draft.Pools)
        {
            var number = 0;
            foreach (var coming in pool.Coming)
            {
                Coming.Add(Open(Nearest(pool, coming, number), $"{pool.Name}-coming-{number++}", coming));
            }
        }

        CountWhatRuns();
    }

    /// <summary>Ready nodes: those with work, then idle ones, then those steered empty.</summary>
    public List<Room> Ready { get; } = [];

    /// <summary>Nodes not ready yet, then machines without a node.</summary>
    public List<Room> Coming { get; } = [];

    /// <summary>Nodes being retired, the longest known first: room that is had for the asking.</summary>
    public List<Room> Retiring { get; } = [];

    /// <summary>Machines to be bought.</summary>
    public List<Room> Bought { get; } = [];

    public Dimensions Dimensions => _demand.Dimensions;

    /// <summary>Pods wait for machines that are on their way or could not be had. (Pods that no machine could hold do not count.)</summary>
    public bool Scarce { get; set; }

    /// <summary>One for each zone of a pool where zones matter.</summary>
    public Dictionary<PoolStanding, List<Template>> Templates { get; }

    /// <summary>Puts as many of the group as possible into these rooms.</summary>
    public void Put(PodGroup group, IReadOnlyList<Room> rooms)
    {
        if (group.Remaining == 0 || rooms.Count == 0)
        {
            return;
        }

        if (group.Topology is not null)
        {
            PutOneByOne(group, rooms);
            return;
        }

        // By index: with thousands of rooms and groups this loop is where the time goes.
        for (var i = 0; i < rooms.Count && group.Remaining > 0; i++)
        {
            var room = rooms[i];
            var count = Dimensions.Times(group.Need, room.Free, group.Class.HostPorts.Length > 0 ? 1 : group.Remaining);
            if (count > 0 && room.Fit(group.Class) == Causes.None && room.PortsFree(group.Class))
            {
                Put(group, room, count);
            }
        }
    }

    /// <summary>Whether one pod of the group may be put here now.</summary>
    public static bool Fits(PodGroup group, Room room) =>
        Dimensions.Times(group.Need, room.Free, 1) == 1
        && room.PortsFree(group.Class)
        && (group.Topology is null || group.Topology.Check(room.Labels) == Causes.None);

    public void Put(PodGroup group, Room room, int count)
    {
        room.Put(group, count);
        group.Went(count, room.Of is Standing { Joining: false, Retiring: not TaintEffect.NoSchedule } ? Where.Ready : room.Of);
        foreach (var other in _looking)
        {
            other.Topology!.Count(group.Class, group.Namespace, group.Labels, false, room.Name, room.Labels, room.Taints, count);
        }
    }

    /// <summary>A new machine in thought; pods that look at others see it from now on.</summary>
    public Room Open(Template template, string name, object of)
    {
        var room = template.Open(name, _demand.PodsMatter, of);
        foreach (var group in _looking)
        {
            group.Topology!.Add(room.Name, room.Labels, room.Taints);
        }

        return room;
    }

    private void PutOneByOne(PodGroup group, IReadOnlyList<Room> rooms)
    {
        List<Room> candidates = [.. rooms.Where(room => Dimensions.Times(group.Need, room.Free, 1) == 1 && room.Fit(group.Class) == Causes.None)];
        while (group.Remaining > 0 && candidates.Find(room => Fits(group, room)) is { } found)
        {
            Put(group, found, 1);
        }
    }

    private void AddNodes(Func<Standing, bool> which)
    {
        foreach (var node in _draft.Nodes)
        {
            if (which(node) && !node.Going && (node.Node.Ready || node.Joining))
            {
                AddNode(node);
            }
        }
    }

    private void AddNode(Standing node)
    {
        var retiring = node.Retiring == TaintEffect.NoSchedule;
        var taints = node.Joining ? Draft.Lasting(node.Node.Shape.Taints) : node.Node.Shape.Taints;
        node.Room = new Room
        {
            Name = node.Node.Name,
            Labels = node.Node.Shape.LabelSet,
            Taints = retiring ? [.. taints.Where(taint => taint.Key != Marks.Retiring)] : taints,
            Cordoned = node.Node.Cordoned,
            Free = _demand.Dimensions.Free(node.Node),
            Ports = node.Load.Ports,
            Overcommitted = _draft.Snapshot.Rules.RefusesOvercommitted ? NodeFit.Overcommitted(node.Node) : Causes.None,
            Of = node,
        };
        if (node.Joining)
        {
            SubtractDaemonSets(node, node.Room);
        }

        (retiring ? Retiring : node.Joining ? Coming : Ready).Add(node.Room);
    }

    private void SubtractDaemonSets(Standing node, Room room)
    {
        foreach (var set in _draft.Snapshot.DaemonSets)
        {
            if (node.Load.DaemonSets?.Contains(set.Uid) != true && room.Fit(set.Pod) == Causes.None)
            {
                Dimensions.Subtract(room.Free, _demand.Dimensions.Row(set.Pod.Requests), 1);
            }
        }
    }

    /// <summary>A machine on its way is in a known zone, or in whichever the cloud finds.</summary>
    private Template Nearest(PoolStanding pool, Coming coming, int number)
    {
        var templates = Templates[pool];
        return templates.Find(template => coming.Machine is { Zone.Length: > 0 } machine && machine.Zone == template.Zone)
            ?? templates[number % templates.Count];
    }

    private void CountWhatRuns()
    {
        foreach (var group in _looking)
        {
            foreach (var node in _draft.Nodes)
            {
                group.Topology!.Add(node.Node.Name, node.Node.Shape.LabelSet, node.Node.Shape.Taints);
                foreach (var pod in node.Node.Pods)
                {
                    if (!pod.Finished)
                    {
                        group.Topology.Count(
                            pod.Class, pod.Namespace, pod.Labels, pod.Leaving, node.Node.Name, node.Node.Shape.LabelSet, node.Node.Shape.Taints);
                    }
                }
            }
        }
    }
}

/// <summary>Where pods went when not to one thing in particular.</summary>
internal enum Where
{
    /// <summary>A node that is there already.</summary>
    Ready,

    /// <summary>No place was found.</summary>
    Nowhere,
}
