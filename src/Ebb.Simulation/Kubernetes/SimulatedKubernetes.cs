using System.Text.Json.Nodes;
using System.Threading.Channels;
using Ebb.Acting;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Simulation.Kubernetes;

/// <summary>
/// A cluster as one controller sees it, over the world's store and without a protocol in between. What it reads goes as
/// JSON through the same reader as what a real API server sends.
/// </summary>
public sealed class SimulatedKubernetes(
    ObjectStore store, LeaseShelf shelf, KubernetesFaults faults, Process process, TimeProvider time) : IKubernetes
{
    private const string Cordon = "NoSchedule";

    // What a call takes at the least: things happen between any two of them.
    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(5);

    private static readonly TimeSpan WatchAgainAfter = TimeSpan.FromSeconds(1);

    private Leadership? _term;

    /// <summary>What was told, oldest first.</summary>
    public event Action<V1ObjectReference, string, string>? Told;

    /// <summary>Each kind has a watch of its own, as in life: what one shows another may not show yet.</summary>
    public Task WatchAsync(IClusterSink into, CancellationToken ct) =>
        Task.WhenAll(WatchedKind.All.Select(kind => WatchAsync(kind, into, ct)).ToArray());

    public Task<IReadOnlyList<V1Pod>> PodsOnAsync(string node, CancellationToken ct) => CallAsync<IReadOnlyList<V1Pod>>(
        "list pods", write: false, () => [.. store.PodsOn(node).Select(WatchedKind.Read<V1Pod>)], ct);

    public Task<V1Node?> NodeAsync(string node, CancellationToken ct) => CallAsync(
        "get node", write: false, () => store.Get(Kinds.Node, "", node) is { } found ? WatchedKind.Read<V1Node>(found) : null, ct);

    public Task<ChangeResult> ChangeNodeAsync(string node, NodeChange change, CancellationToken ct) => CallAsync(
        "patch node",
        write: true,
        () =>
        {
            if (store.Get(Kinds.Node, "", node) is not { } found)
            {
                return ChangeResult.Gone;
            }

            store.Update(found, json => Apply(json, change));
            return ChangeResult.Changed;
        },
        ct);

    public Task DeleteNodeAsync(string node, string uid, CancellationToken ct) => CallAsync(
        "delete node",
        write: true,
        () =>
        {
            if (store.Get(Kinds.Node, "", node) is { } found && found.Uid == uid)
            {
                store.Delete(Kinds.Node, "", node, DeleteOptions.Default);
            }

            return true;
        },
        ct);

    public Task<EvictResult> EvictAsync(string ns, string pod, string uid, CancellationToken ct) => CallAsync(
        "evict pod",
        write: true,
        () => store.Get(Kinds.Pod, ns, pod) is { } found && found.Uid == uid ? Evict(found) : EvictResult.Gone,
        ct);

    public Task TellAsync(V1ObjectReference about, bool warning, string reason, string message, CancellationToken ct) => CallAsync(
        "write event",
        write: true,
        () =>
        {
            Told?.Invoke(about, reason, message);
            return true;
        },
        ct);

    public Task<IReadOnlyDictionary<string, string>> RecallAsync(CancellationToken ct) => CallAsync(
        "read notes",
        write: false,
        () => (store.Get(Kinds.ConfigMap, Marks.Namespace, Marks.MemoryName) is { } found ? WatchedKind.Read<V1ConfigMap>(found).Data : null)
            ?? new Dictionary<string, string>(),
        ct);

    public Task RememberAsync(IReadOnlyDictionary<string, string?> notes, CancellationToken ct) => CallAsync(
        "write notes",
        write: true,
        () =>
        {
            var found = store.Get(Kinds.ConfigMap, Marks.Namespace, Marks.MemoryName)
                ?? store.Create(Kinds.ConfigMap, Named(Marks.MemoryName));
            store.Update(found, json => Set(json, "data", notes));
            return true;
        },
        ct);

    public IKubernetes Within(Leadership term)
    {
        var within = new SimulatedKubernetes(store, shelf, faults, process, time) { _term = term };
        within.Told += (about, reason, message) => Told?.Invoke(about, reason, message);
        return within;
    }

    public Task<V1Lease?> LeaseAsync(CancellationToken ct) => CallAsync("get lease", write: false, () => shelf.Lease, ct);

    public Task<bool> PutLeaseAsync(V1Lease lease, CancellationToken ct) => CallAsync("put lease", write: true, () => shelf.Put(lease), ct);

    private async Task WatchAsync(WatchedKind kind, IClusterSink into, CancellationToken ct)
    {
        while (true)
        {
            while (faults.Down)
            {
                await Task.Delay(WatchAgainAfter, time, ct);
            }

            await WatchOnceAsync(kind, into, ct);
            await Task.Delay(WatchAgainAfter, time, ct);
        }
    }

    private async Task WatchOnceAsync(WatchedKind kind, IClusterSink into, CancellationToken ct)
    {
        var changes = Channel.CreateUnbounded<StoreEvent>(new UnboundedChannelOptions { SingleReader = true });
        void Cut() => changes.Writer.TryComplete();

        // The list is of the instant at which the watch begins: nothing is missed between them.
        using var subscription = store.Subscribe(
            change => _ = !process.Killed && change.Object.Kind.Equals(kind.Kind) && changes.Writer.TryWrite(change));
        faults.WatchesCut += Cut;
        try
        {
            kind.Replace(into, store);
            while (!faults.Down && await changes.Reader.WaitToReadAsync(ct))
            {
                await Task.Delay(kind.Kind.Equals(Kinds.Pod) ? faults.PodLag : faults.Lag, time, ct);
                await process.AliveAsync();
                while (!faults.Down && changes.Reader.TryRead(out var change))
                {
                    kind.Feed(into, change);
                }
            }
        }
        finally
        {
            faults.WatchesCut -= Cut;
        }
    }

    private async Task<T> CallAsync<T>(string what, bool write, Func<T> body, CancellationToken ct)
    {
        if (write)
        {
            _term?.ThrowIfOver();
        }

        await Task.Delay(Latency, time, ct);
        await process.AliveAsync();
        if (faults.StrikesCall())
        {
            throw new KubeException(what, "connection refused");
        }

        T result;
        try
        {
            result = body();
        }
        catch (ApiException e)
        {
            throw new KubeException(what, new V1Status { Code = e.Code, Reason = e.Reason, Message = e.Message });
        }

        if (write && faults.LosesAnswer())
        {
            throw new KubeException(what, "the connection was closed before an answer came");
        }

        return result;
    }

    private EvictResult Evict(KubeObject pod)
    {
        var labels = WatchedKind.Read<V1Pod>(pod).Metadata.Labels ?? new Dictionary<string, string>();
        var budgets = store.List(Kinds.PodDisruptionBudget, pod.Namespace)
            .Where(budget => Selects(WatchedKind.Read<V1PodDisruptionBudget>(budget).Spec.Selector, labels))
            .ToArray();
        if (budgets.Any(budget => WatchedKind.Read<V1PodDisruptionBudget>(budget).Status is not { DisruptionsAllowed: > 0 }))
        {
            return EvictResult.BudgetForbids;
        }

        foreach (var budget in budgets)
        {
            // Counted off at once, as the API server does; the budget's controller settles it later.
            store.Update(budget, json => json["status"]!["disruptionsAllowed"] = (int)json["status"]!["disruptionsAllowed"]! - 1);
        }

        // The mark by which everyone, the kubelet first, tells an eviction from other ends.
        store.Update(pod, MarkEvicted);
        store.Delete(Kinds.Pod, pod.Namespace, pod.Name, DeleteOptions.Default);
        return EvictResult.Evicting;
    }

    private void MarkEvicted(JsonObject pod)
    {
        var status = pod["status"] as JsonObject ?? [];
        var conditions = status["conditions"] as JsonArray ?? [];
        conditions.Add(new JsonObject
        {
            ["type"] = "DisruptionTarget",
            ["status"] = "True",
            ["reason"] = "EvictionByEvictionAPI",
            ["message"] = "Eviction API: evicting",
            ["lastTransitionTime"] = Timestamps.Seconds(time.GetUtcNow()),
        });
        status["conditions"] = conditions;
        pod["status"] = status;
    }

    private static bool Selects(V1LabelSelector? selector, IReadOnlyDictionary<string, string> labels) =>
        selector is not null
        && (selector.MatchLabels ?? new Dictionary<string, string>()).All(pair => labels.GetValueOrDefault(pair.Key) == pair.Value)
        && (selector.MatchExpressions ?? []).All(expression => expression.Operator switch
        {
            "In" => expression.Values!.Contains(labels.GetValueOrDefault(expression.Key)),
            "NotIn" => !expression.Values!.Contains(labels.GetValueOrDefault(expression.Key)),
            "Exists" => labels.ContainsKey(expression.Key),
            _ => !labels.ContainsKey(expression.Key),
        });

    private void Apply(JsonObject node, NodeChange change)
    {
        if (change.Annotations.Count > 0)
        {
            Set(node["metadata"]!.AsObject(), "annotations", change.Annotations);
        }

        Taint(node, Marks.Retiring, change.Retiring);
        Taint(node, Marks.Leaving, change.Leaving);

        if (change.Cordoned is { } cordoned)
        {
            var spec = node["spec"] as JsonObject ?? [];
            spec["unschedulable"] = cordoned;
            node["spec"] = spec;
        }
    }

    private void Taint(JsonObject node, string key, string? wanted)
    {
        if (wanted is { } effect)
        {
            var spec = node["spec"] as JsonObject ?? [];
            var others = (spec["taints"] as JsonArray ?? []).Where(taint => (string?)taint!["key"] != key);
            var taints = new JsonArray([.. others.Select(taint => taint!.DeepClone())]);
            if (effect.Length > 0)
            {
                taints.Add(new JsonObject { ["key"] = key, ["effect"] = effect });
                if (effect == Cordon)
                {
                    taints[^1]!["timeAdded"] = Timestamps.Seconds(time.GetUtcNow());
                }
            }

            spec["taints"] = taints;
            node["spec"] = spec;
        }
    }

    /// <summary>Sets the pairs in a map of strings and leaves others alone; null removes.</summary>
    private static void Set(JsonObject parent, string map, IReadOnlyDictionary<string, string?> pairs)
    {
        var values = parent[map] as JsonObject ?? [];
        foreach (var (key, value) in pairs)
        {
            if (value is null)
            {
                values.Remove(key);
            }
            else
            {
                values[key] = value;
            }
        }

        parent[map] = values;
    }

    private static JsonObject Named(string name) =>
        new() { ["metadata"] = new JsonObject { ["namespace"] = Marks.Namespace, ["name"] = name } };
}
