using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Simulation.Worlds;

namespace Ebb.Simulation.Scenarios;

/// <summary>
/// What must hold after every step, judged by the worlds alone: what kubelets lost, what the cloud deleted. Nothing here
/// asks Ebb's own code whether a pod may be interrupted or a machine is idle.
/// </summary>
internal sealed class Invariants
{
    private const int MostReleases = 5;

    private static readonly TimeSpan ReleasesWithin = TimeSpan.FromMinutes(1);

    private readonly World _world;
    private readonly Dictionary<string, ScaleSet> _last = [];

    /// <summary>By uid: whether an annotation forbids to interrupt the pod.</summary>
    private readonly Dictionary<string, bool> _forbidden = [];

    /// <summary>Resource ids of machines that the cloud itself takes away.</summary>
    private readonly HashSet<string> _evicted = [];

    /// <summary>Resource ids of machines that hang.</summary>
    private readonly HashSet<string> _silent = [];
    private readonly List<string> _violations = [];
    private readonly Dictionary<string, (bool Marked, Queue<DateTimeOffset> Released)> _marks = [];

    public Invariants(World world)
    {
        _world = world;
        world.Cloud.InstanceChanged += See;
        world.Kubernetes.Store.Subscribe(See);
        world.Kubernetes.Kubelets.Interrupted += See;
        world.Runner.Stepped += LookAtPools;
    }

    public IReadOnlyList<string> Violations => _violations;

    /// <summary>Work that was cut short, by whomever.</summary>
    public int Interruptions { get; private set; }

    /// <summary>It hangs from now on: its pool may be without it.</summary>
    public void IsSilent(Instance machine) => _silent.Add(machine.ResourceId);

    private void See(InstanceChange change)
    {
        if (change.Event == InstanceEvent.PreemptNotice)
        {
            _evicted.Add(change.Instance.ResourceId);
        }
    }

    private void See(StoreEvent change)
    {
        if (change.Object.Kind.Equals(Kinds.Pod) && change.Type != StoreEventType.Deleted)
        {
            _forbidden[change.Object.Uid] = Forbids(change.Object);
        }
        else if (change.Object.Kind.Equals(Kinds.Node) && change.Type != StoreEventType.Deleted)
        {
            LookAtMark(change.Object);
        }
        else if (change.Object.Kind.Equals(Kinds.Node)
            && InstanceOf(change.Object.Name) is { Provisioning: not ProvisioningState.Deleting } alive
            && _world.Kubernetes.Kubelets.Find(change.Object.Name) is { Alive: true })
        {
            Violated($"the node {change.Object.Name} was deleted while its machine {alive.Name} was well");
        }
    }

    /// <summary>A mark that comes and goes means two grounds that take turns; now and then a node is rightly released.</summary>
    private void LookAtMark(KubeObject node)
    {
        var marked = node.Json["spec"]?["taints"] is JsonArray taints && taints.Any(taint => (string?)taint?["key"] == "ebb.dev/retiring");
        var (before, released) = _marks.TryGetValue(node.Name, out var known) ? known : (false, new Queue<DateTimeOffset>());
        if (before && !marked)
        {
            released.Enqueue(_world.Now);
            while (_world.Now - released.Peek() > ReleasesWithin)
            {
                released.Dequeue();
            }

            if (released.Count > MostReleases)
            {
                Violated($"node {node.Name} was marked and released {released.Count} times within {ReleasesWithin}");
                released.Clear();
            }
        }

        _marks[node.Name] = (marked, released);
    }

    private void See(Interruption lost)
    {
        // These come again with the next machine by their nature, and have no result to lose.
        if (lost.Owner.StartsWith("DaemonSet/", StringComparison.Ordinal))
        {
            return;
        }

        Interruptions++;
        switch (lost.Cause)
        {
            case InterruptionCause.MachineGone
                when InstanceOf(lost.Node) is { Provisioning: ProvisioningState.Deleting } machine && !_evicted.Contains(machine.ResourceId):
                Violated($"machine {machine.Name} was removed with pod {lost.Pod} ({lost.Owner}) on it, {lost.Ran} into its work");
                break;
            case InterruptionCause.Eviction when !MayBeEvicted(lost):
                Violated($"pod {lost.Pod} ({lost.Owner}) was evicted, {lost.Ran} into its work");
                break;
        }
    }

    private bool MayBeEvicted(Interruption lost) =>
        lost.Owner.Length > 0
        && !lost.Owner.StartsWith("Job/", StringComparison.Ordinal)
        && !_forbidden.GetValueOrDefault(lost.Uid);

    private void LookAtPools()
    {
        foreach (var set in _world.Cloud.ScaleSets)
        {
            if (!_last.TryGetValue(set.Name, out var before))
            {
                _last[set.Name] = set;
                continue;
            }

            if (ReferenceEquals(before, set))
            {
                continue;
            }

            _last[set.Name] = set;
            if (set.Capacity > before.Capacity && set.Capacity > Tag(set, "ebb-max"))
            {
                Violated($"pool {set.Name} was grown to {set.Capacity}, above its maximum {Tag(set, "ebb-max")}");
            }

            LookAtTogether(before, set);
            if (set.Capacity < before.Capacity)
            {
                LookAtFall(before, set);
            }
        }
    }

    /// <summary>A capacity falls with the machines that were named, and only with them.</summary>
    private void LookAtFall(ScaleSet before, ScaleSet now)
    {
        var left = before.Instances.Values
            .Where(was => was.Counts && !(now.Instances.TryGetValue(was.Number, out var stays) && stays.Counts))
            .ToList();
        var named = left.Count(machine => machine.GuestUp && !_evicted.Contains(machine.ResourceId) && !_silent.Contains(machine.ResourceId));
        if (before.Capacity - now.Capacity > left.Count)
        {
            Violated($"the capacity of pool {now.Name} fell from {before.Capacity} to {now.Capacity} though {left.Count} machines were removed");
        }
        else if (named > 0 && now.Capacity < Tag(now, "ebb-min"))
        {
            Violated($"pool {now.Name} was shrunk to {now.Capacity}, below its minimum {Tag(now, "ebb-min")}");
        }
        else if (named > 0 && Parts(now) is { Length: > 1 } parts && parts.Sum(part => part.Capacity) < parts.Sum(part => Tag(part, "ebb-min")))
        {
            Violated($"with {now.Name} the scale sets of its pool were shrunk to {parts.Sum(part => part.Capacity)} together, below their minimum {parts.Sum(part => Tag(part, "ebb-min"))}");
        }
    }

    private static int Counting(ScaleSet set) => set.Instances.Values.Count(machine => machine.Counts && machine.Provisioning != ProvisioningState.Failed);

    /// <summary>
    /// Scale sets of one pool have its maximum together, and while one takes the place of another as many more as the pool keeps at the
    /// least. A capacity that the cloud could not deliver is no machine.
    /// </summary>
    private void LookAtTogether(ScaleSet before, ScaleSet now)
    {
        if (Counting(now) <= Counting(before) || Parts(now) is not { Length: > 1 } parts)
        {
            return;
        }

        var (together, most) = (parts.Sum(Counting), parts.Max(part => Tag(part, "ebb-max")));
        if (together > most + parts.Sum(part => PoolPromise.AtRest(part.Tags)))
        {
            Violated($"with {now.Name} the scale sets of its pool were grown to {together} together, above their maximum {most}");
        }
    }

    /// <summary>The scale sets of one pool.</summary>
    private ScaleSet[] Parts(ScaleSet one) =>
        PoolPromise.Whole(one.Tags) is { } whole ? [.. _world.Cloud.ScaleSets.Where(set => PoolPromise.Whole(set.Tags) == whole)] : [one];

    private Instance? InstanceOf(string node) => _world.Cloud.ScaleSets
        .SelectMany(set => set.Instances.Values)
        .FirstOrDefault(instance => World.NodeName(instance) == node);

    private static bool Forbids(KubeObject pod)
    {
        var annotations = pod.Json["metadata"]?["annotations"];
        return (string?)annotations?["ebb.dev/interrupt"] == "never"
            || (string?)annotations?["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"
            || (string?)annotations?["karpenter.sh/do-not-disrupt"] == "true";
    }

    private static int Tag(ScaleSet set, string tag) => int.Parse(set.Tags[tag]);

    private void Violated(string what) => _violations.Add($"{_world.Elapsed:hh\\:mm\\:ss\\.fff} {what}");
}
