using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Scheduling;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;
using Ebb.Simulation;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>Lets the sandbox's scheduler place the pod in a store of its own, on virtual time.</summary>
internal sealed record SandboxOpinion
{
    public required Opinion Opinion { get; init; }

    /// <summary>Where it bound the pod; null when it did not.</summary>
    public string? Node { get; private init; }

    /// <summary>What it said of a pod that it did not bind.</summary>
    public string Message { get; private init; } = "";

    public string? Nominated { get; private init; }

    /// <summary>Names of the pods that would have to leave the node that the real scheduler cleared; null when none could make room.</summary>
    public ImmutableArray<string>? Victims { get; private init; }

    /// <param name="cleared">The node from which the real scheduler preempted pods; null when it did not.</param>
    public static SandboxOpinion Of(Moment moment, string? cleared)
    {
        var time = new VirtualTime();
        using var agenda = new Agenda(time);
        var store = new ObjectStore(agenda, new Random(moment.Nodes.Length));
        var cluster = new ClusterPicture(store);
        var scheduler = new Sandbox.Kubernetes.Scheduling.Scheduler(
            store, new EventRecorder(store, 1000), new SchedulerOptions(), new Random(1));
        store.Subscribe(scheduler.See);
        store.Subscribe(change => Keep(cluster, change));
        Put(Kinds.Namespace, moment.Namespaces);
        Put(Kinds.StorageClass, moment.StorageClasses);
        Put(Kinds.PersistentVolume, moment.Volumes);
        Put(Kinds.PersistentVolumeClaim, moment.Claims);
        Put(Kinds.Node, moment.Nodes);
        Put(Kinds.Pod, moment.Pods);

        var pod = PodView.Of(moment.Pod);
        var attempt = new Attempt(pod, cluster, cluster.Slots);
        var opinion = Ask(attempt, cluster);
        var victims = cleared is null ? null : new Preemption(cluster).Find(pod, [cluster.Find(cleared)!])?.Victims;
        Put(Kinds.Pod, [moment.Pod]);
        time.Advance(TimeSpan.FromMilliseconds(100));

        var after = store.Get(Kinds.Pod, pod.Namespace, pod.Name)!.Json;
        return new SandboxOpinion
        {
            Opinion = opinion,
            Node = after["spec"].Text("nodeName"),
            Message = after.Condition("PodScheduled").Text("message") ?? "",
            Nominated = after["status"].Text("nominatedNodeName"),
            Victims = victims is null ? null : [.. victims.Select(victim => victim.Name).Order(StringComparer.Ordinal)],
        };

        void Put(Kind kind, IEnumerable<JsonObject> objects)
        {
            foreach (var one in objects)
            {
                var json = one.DeepClone().AsObject();
                json["metadata"]!.AsObject().Remove("resourceVersion");
                var created = store.Create(kind, json);
                if (one["metadata"]!["deletionTimestamp"] is not null)
                {
                    store.Delete(kind, created.Namespace, created.Name, new DeleteOptions { GracePeriodSeconds = 3600 });
                }
            }
        }
    }

    private static Opinion Ask(Attempt attempt, ClusterPicture cluster)
    {
        var fits = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        var reasons = new Reasons();
        foreach (var slot in attempt.Problem is null ? cluster.Slots : [])
        {
            if (attempt.Check(slot, reasons) is Verdict.Fits)
            {
                fits.Add(slot.Node.Name);
            }
        }

        return new Opinion
        {
            Fits = fits.ToImmutable(),
            Causes = Wording.Read(reasons.Message(cluster.Slots.Count)).Causes,
            Blocked = attempt.Problem,
        };
    }

    private static void Keep(ClusterPicture cluster, StoreEvent change)
    {
        if (change.Type is StoreEventType.Added && change.Object.Kind == Kinds.Node)
        {
            cluster.Put(NodeView.Of(change.Object));
        }
        else if (change.Type is not StoreEventType.Deleted && change.Object.Kind == Kinds.Pod
            && PodView.Of(change.Object) is { Finished: false, NodeName.Length: > 0 } pod)
        {
            cluster.Put(pod);
        }
    }
}
