using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>Keeps the status of PodDisruptionBudgets: how many pods may be evicted now.</summary>
internal sealed class DisruptionController
{
    // An eviction that has been granted and still has not deleted its pod is taken back after this long.
    private static readonly TimeSpan DeletionTimeout = TimeSpan.FromMinutes(2);

    private readonly ControllerContext _context;
    private readonly Workqueue<ObjectKey> _queue;

    public DisruptionController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue<ObjectKey>(Reconcile);
    }

    private ObjectStore Store => _context.Store;

    public void See(StoreEvent change)
    {
        var item = change.Object;
        if (item.Kind == Kinds.PodDisruptionBudget)
        {
            _queue.Add(ObjectKey.Of(item));
        }
        else if (item.Kind == Kinds.Pod && Store.Count(Kinds.PodDisruptionBudget) > 0)
        {
            SeePod(PodView.Of(item), change.Before is null ? null : PodView.Of(change.Before));
        }
        else if (item.Kind == Kinds.ReplicaSet || item.Kind == Kinds.StatefulSet || item.Kind == Kinds.Deployment)
        {
            // The wanted count may have changed.
            foreach (var budget in Store.List(Kinds.PodDisruptionBudget, item.Namespace))
            {
                _queue.Add(ObjectKey.Of(budget));
            }
        }
    }

    private void SeePod(PodView pod, PodView? before)
    {
        foreach (var budget in Store.List(Kinds.PodDisruptionBudget, pod.Namespace))
        {
            var selector = Budget.Of(budget).Selector;
            if (selector.Matches(pod.Labels) || (before is not null && selector.Matches(before.Labels)))
            {
                _queue.Add(ObjectKey.Of(budget));
            }
        }
    }

    private void Reconcile(ObjectKey key)
    {
        if (Store.Get(Kinds.PodDisruptionBudget, key.Namespace, key.Name) is not { Deleting: false } item)
        {
            return;
        }

        var budget = Budget.Of(item);
        var pods = Store.List(Kinds.Pod, key.Namespace)
            .Select(PodView.Of)
            .Where(pod => !pod.Finished && budget.Selector.Matches(pod.Labels))
            .ToList();
        var spec = item.Json["spec"];
        var expected = Expected(pods);
        int desired;
        if (spec.At("maxUnavailable").CountOrPercent(expected, roundUp: true) is { } unavailable)
        {
            desired = Math.Max(0, expected - unavailable);
        }
        else
        {
            var least = spec.At("minAvailable");
            expected = least.Number() is null ? expected : pods.Count;
            desired = least.CountOrPercent(expected, roundUp: true) ?? 1;
        }

        WriteStatus(item, pods, expected, desired);
    }

    /// <summary>As many as the pods' controllers want; a pod without one counts for itself.</summary>
    private int Expected(List<PodView> pods)
    {
        var expected = 0;
        foreach (var group in pods.GroupBy(pod => pod.Owner))
        {
            var kind = group.Key?.Kind switch
            {
                "ReplicaSet" => Kinds.ReplicaSet,
                "StatefulSet" => Kinds.StatefulSet,
                "ReplicationController" => Kinds.ReplicationController,
                _ => null,
            };
            var owner = kind is null ? null : Store.Get(kind, group.First().Namespace, group.Key!.Name);
            expected += (int)(owner?.Json["spec"].Number("replicas") ?? group.Count());
        }

        return expected;
    }

    private void WriteStatus(KubeObject item, List<PodView> pods, int expected, int desired)
    {
        var now = _context.Now;
        var disrupted = new JsonObject();
        foreach (var (name, at) in item.Json["status"].At("disruptedPods") as JsonObject ?? [])
        {
            if (pods.Exists(pod => pod.Name == name && !pod.Terminating)
                && Timestamps.Parse(at.Text()) is { } since
                && since + DeletionTimeout > now)
            {
                disrupted[name] = at!.DeepClone();
                _queue.AddIn(ObjectKey.Of(item), since + DeletionTimeout - now);
            }
        }

        var healthy = pods.Count(pod => pod.Ready && !pod.Terminating && !disrupted.ContainsKey(pod.Name));
        var allowed = expected > 0 ? Math.Max(0, healthy - desired) : 0;
        Store.Update(item, json =>
        {
            var status = json.Sub("status");
            status["currentHealthy"] = healthy;
            status["desiredHealthy"] = desired;
            status["disruptionsAllowed"] = allowed;
            status["expectedPods"] = expected;
            status["observedGeneration"] = item.Metadata.Number("generation") ?? 1;
            if (disrupted.Count == 0)
            {
                status.Remove("disruptedPods");
            }
            else
            {
                status["disruptedPods"] = disrupted;
            }

            json.SetCondition("DisruptionAllowed", allowed > 0, now, allowed > 0 ? "SufficientPods" : "InsufficientPods", "");
            json.Condition("DisruptionAllowed")!["message"] = "";
            json.Condition("DisruptionAllowed")!["observedGeneration"] = item.Metadata.Number("generation") ?? 1;
        });
    }

    private sealed class Budget
    {
        private static readonly Selector Nothing = new([new Requirement("", "Exists", [])]);

        private Budget(JsonObject json) => Selector = Selector.Read(json["spec"].At("selector")) ?? Nothing;

        public Selector Selector { get; }

        public static Budget Of(KubeObject budget) => budget.View(static json => new Budget(json));
    }
}
