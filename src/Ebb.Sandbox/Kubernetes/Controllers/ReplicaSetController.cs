using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Keeps so many pods of one template running. ReplicationControllers are the same with an older selector.</summary>
internal sealed class ReplicaSetController
{
    private const int MaxCreatedAtOnce = 500;
    private const string DeletionCost = "controller.kubernetes.io/pod-deletion-cost";
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    private readonly ControllerContext _context;
    private readonly Kind _kind;
    private readonly Workqueue<ObjectKey> _queue;

    public ReplicaSetController(ControllerContext context, Kind kind)
    {
        _context = context;
        _kind = kind;
        _queue = context.Queue<ObjectKey>(Reconcile);
    }

    private ObjectStore Store => _context.Store;

    public void See(StoreEvent change)
    {
        if (change.Object.Kind == _kind)
        {
            _queue.Add(ObjectKey.Of(change.Object));
        }
        else if (change.Object.Kind == Kinds.Pod
            && PodView.Of(change.Object).Owner is { } owner
            && owner.Kind == _kind.Name)
        {
            _queue.Add(new ObjectKey(change.Object.Namespace, owner.Name));
        }
        else if (change.Object.Kind == Kinds.Pod)
        {
            foreach (var set in _context.Strays.SuitorsOf(change, _kind))
            {
                _queue.Add(ObjectKey.Of(set));
            }

            if (change.Before is { } before && Strays.OwnerOf(before) is { } lost && lost.Kind == _kind.Name)
            {
                _queue.Add(new ObjectKey(before.Namespace, lost.Name));
            }
        }
    }

    private void Reconcile(ObjectKey key)
    {
        if (Store.Get(_kind, key.Namespace, key.Name) is not { } set)
        {
            return;
        }

        var spec = set.Json["spec"];
        var active = _context.Claim(set, Kinds.Pod, pod => PodView.Of(pod).Active).Where(pod => PodView.Of(pod).Active).ToList();
        if (!set.Deleting)
        {
            Manage(set, spec, active);
        }

        WriteStatus(set, spec);
    }

    private void Manage(KubeObject set, JsonNode? spec, List<KubeObject> active)
    {
        var wanted = (int)Math.Clamp(spec.Number("replicas") ?? 1, 0, 100_000);
        if (active.Count < wanted)
        {
            Create(set, spec.At("template"), wanted - active.Count);
        }
        else if (active.Count > wanted)
        {
            foreach (var pod in LeastWanted(active).Take(active.Count - wanted))
            {
                _context.DeletePod(pod, set);
            }
        }
    }

    private void Create(KubeObject set, JsonNode? template, int missing)
    {
        for (var i = 0; i < Math.Min(missing, MaxCreatedAtOnce); i++)
        {
            var pod = Templates.Pod(set, template);
            pod["metadata"]!["generateName"] = Templates.Prefix(set.Name);
            if (_context.TryCreate(Kinds.Pod, pod, set) is not { } created)
            {
                _queue.AddIn(ObjectKey.Of(set), RetryAfter);
                return;
            }

            _context.Events.Normal(
                set, ControllerContext.Component(set), "SuccessfulCreate", $"Created pod: {created.Name}");
        }
    }

    /// <summary>Unbound before pending, unready before ready, cheaper first, the fuller node first, then the newest.</summary>
    private static IEnumerable<KubeObject> LeastWanted(List<KubeObject> pods)
    {
        var perNode = pods.CountBy(pod => PodView.Of(pod).NodeName).ToDictionary();
        return pods
            .OrderBy(pod => PodView.Of(pod).NodeName.Length > 0)
            .ThenBy(pod => PodView.Of(pod).Phase == "Running")
            .ThenBy(pod => PodView.Of(pod).Ready)
            .ThenBy(pod => int.TryParse(pod.Metadata.At("annotations").Text(DeletionCost), out var cost) ? cost : 0)
            .ThenByDescending(pod => perNode[PodView.Of(pod).NodeName])
            .ThenByDescending(pod => PodView.Of(pod).Created)
            .ThenBy(pod => pod.Name, StringComparer.Ordinal);
    }

    private void WriteStatus(KubeObject set, JsonNode? spec)
    {
        var active = Store.PodsOf(set).Select(PodView.Of).Where(pod => pod.Active).ToList();
        var labels = Selector.Of(spec.At("template", "metadata").Map("labels"));
        var minReady = TimeSpan.FromSeconds(Math.Clamp(spec.Number("minReadySeconds") ?? 0, 0, int.MaxValue));
        var ready = active.Count(pod => pod.Ready);
        var available = active.Count(pod => Availability.Of(pod, minReady, _context.Now, () => _queue.AddIn(ObjectKey.Of(set), minReady)));
        Store.Update(set, json =>
        {
            var status = json.Sub("status");
            status["replicas"] = active.Count;
            status["fullyLabeledReplicas"] = active.Count(pod => labels.Matches(pod.Labels));
            status["readyReplicas"] = ready;
            status["availableReplicas"] = available;
            status["observedGeneration"] = set.Metadata.Number("generation") ?? 1;
        });
    }
}

/// <summary>A pod counts as available once it has been ready for a while.</summary>
internal static class Availability
{
    public static bool Of(PodView pod, TimeSpan minReady, DateTimeOffset now, Action lookAgain)
    {
        if (!pod.Ready)
        {
            return false;
        }

        if (minReady == TimeSpan.Zero || pod.ReadySince + minReady <= now)
        {
            return true;
        }

        lookAgain();
        return false;
    }
}
