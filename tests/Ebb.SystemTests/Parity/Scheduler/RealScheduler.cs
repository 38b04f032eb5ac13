using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>Puts cases to the real scheduler, one at a time, and notes what it decides.</summary>
internal sealed class RealScheduler(RealApi api)
{
    public const string CaseLabel = "parity/case";
    // The first back-off is one second, the next two.
    private static readonly TimeSpan RetriedBy = TimeSpan.FromSeconds(2);

    private readonly WatchedPods _pods = new(api);
    private ImmutableArray<JsonObject> _namespaces = [];
    private ImmutableArray<JsonObject> _classes = [];
    private ImmutableArray<JsonObject> _nodes = [];
    private int _number;
    private int _refused;

    /// <summary>Manifests that the API server did not take.</summary>
    public int Refused => _refused;

    /// <summary>Makes what all cases share. Once, before the first.</summary>
    public async Task FurnishAsync(CancellationToken ct)
    {
        foreach (var (path, body) in Furniture.All)
        {
            await api.PostAsync(path, body, ct);
        }

        _namespaces = await ListAsync("/api/v1/namespaces", ct);
        _classes = await ListAsync("/apis/storage.k8s.io/v1/storageclasses", ct);
    }

    /// <summary>Follows the pods until it is cancelled; to run beside <see cref="RunAsync"/>.</summary>
    public Task FollowAsync(CancellationToken ct) => _pods.FollowAsync(ct);

    /// <param name="rest">How long to wait before each pod, so that the scheduler has surely seen all there is.</param>
    /// <exception cref="RefusedException">A waiting pod is not valid, and <paramref name="strict"/> is set.</exception>
    public async Task<List<Decision>> RunAsync(SchedulerCase scenario, TimeSpan rest, bool strict, CancellationToken ct)
    {
        await SetUpAsync(scenario, strict, ct);
        List<Decision> decisions = [];
        foreach (var manifest in scenario.Waiting)
        {
            await Task.Delay(rest, TimeProvider.System, ct);
            if (await DecideAsync(manifest, strict, ct) is { } decision)
            {
                decisions.Add(decision);
            }
        }

        await ClearAsync(ct);
        return decisions;
    }

    /// <summary>Takes away all that a case has made, also one that was broken off.</summary>
    public async Task ClearAsync(CancellationToken ct)
    {
        // The scheduler would otherwise carry a pod that it has not bound yet over to the next case.
        await _pods.UntilAsync(_pods.AllSettled, "pods with new volumes are bound", ct);
        await Task.WhenAll(Furniture.Namespaces.Select(ns => api.DeleteAsync($"/api/v1/namespaces/{ns}/pods", 0, ct)));
        await _pods.UntilAsync(() => _pods.All.IsEmpty, "all pods are gone", ct);
        await Task.WhenAll(
        [
            api.DeleteAsync("/api/v1/nodes", 0, ct), api.DeleteAsync("/api/v1/persistentvolumes", 0, ct),
            .. Furniture.Namespaces.Select(ns => api.DeleteAsync($"/api/v1/namespaces/{ns}/persistentvolumeclaims", 0, ct)),
        ]);
    }

    private static string PodsPath(JsonObject pod) => $"/api/v1/namespaces/{pod["metadata"]!["namespace"]}/pods";

    private static string PodPath(JsonObject pod) =>
        $"/api/v1/namespaces/{pod["metadata"]!["namespace"]}/pods/{pod["metadata"]!["name"]}";

    private async Task<ImmutableArray<JsonObject>> ListAsync(string path, CancellationToken ct) =>
        [.. (await api.GetAsync(path, ct))["items"]!.AsArray().Select(item => item!.DeepClone().AsObject())];

    private async Task SetUpAsync(SchedulerCase scenario, bool strict, CancellationToken ct)
    {
        var mark = $"{scenario.Seed}-{_number++}";

        // What the canary below cannot tell of comes first: it has the longest time to arrive.
        var volumes = await PostAllAsync(scenario.Volumes, _ => "/api/v1/persistentvolumes", strict, ct);
        await Task.WhenAll(volumes.Where(volume => volume["spec"]!["claimRef"] is null).Select(volume => api.PatchAsync(
            $"/api/v1/persistentvolumes/{volume["metadata"]!["name"]}/status",
            new JsonObject { ["status"] = new JsonObject { ["phase"] = "Available" } },
            ct)));
        await PostAllAsync(scenario.Claims, claim => $"/api/v1/namespaces/{claim["metadata"]!["namespace"]}/persistentvolumeclaims", strict, ct);
        _nodes = await PostAllAsync(
            scenario.Nodes.Select(node =>
            {
                var marked = node.DeepClone().AsObject();
                marked["metadata"]!["labels"]!.AsObject()[CaseLabel] = mark;
                return marked;
            }),
            _ => "/api/v1/nodes",
            strict,
            ct);
        await Task.WhenAll(scenario.Placed.Select(pod => PlaceAsync(pod, strict, ct)));

        await CanaryAsync(mark, ct);
    }

    private async Task<ImmutableArray<JsonObject>> PostAllAsync(
        IEnumerable<JsonObject> manifests, Func<JsonObject, string> path, bool strict, CancellationToken ct) =>
        [.. (await Task.WhenAll(manifests.Select(manifest => TryPostAsync(path(manifest), manifest, strict, ct)))).OfType<JsonObject>()];

    private async Task<JsonObject?> TryPostAsync(string path, JsonObject manifest, bool strict, CancellationToken ct)
    {
        try
        {
            return await api.PostAsync(path, manifest, ct);
        }
        catch (RefusedException e) when (!strict && e.Status is HttpStatusCode.UnprocessableEntity or HttpStatusCode.Forbidden)
        {
            // Chance made something that is not valid; the case goes on without it.
            Interlocked.Increment(ref _refused);
            return null;
        }
    }

    /// <summary>Makes a placed pod, and finishes it or begins to delete it as its manifest says.</summary>
    private async Task PlaceAsync(JsonObject manifest, bool strict, CancellationToken ct)
    {
        if (await TryPostAsync(PodsPath(manifest), manifest, strict, ct) is null)
        {
            return;
        }

        if (manifest["metadata"]!["deletionTimestamp"] is not null)
        {
            await api.DeleteAsync(PodPath(manifest), 3600, ct);
        }
        else if ((string?)manifest["status"]?["phase"] is { } phase)
        {
            await api.PatchAsync(PodPath(manifest) + "/status", new JsonObject { ["status"] = new JsonObject { ["phase"] = phase } }, ct);
        }
    }

    /// <summary>Sends pods that cannot fit until the answer shows that the scheduler knows exactly the nodes of this case.</summary>
    private async Task CanaryAsync(string mark, CancellationToken ct)
    {
        if (_nodes.IsEmpty)
        {
            return;
        }

        var answer = "";
        for (var tries = 0; tries < 400; tries++)
        {
            var pod = await api.PostAsync("/api/v1/namespaces/default/pods", Furniture.Canary(_number++, CaseLabel, mark), ct);
            await _pods.UntilAsync(() => _pods.Find(pod) is { } seen && WatchedPods.Condition(seen) is not null, "the canary is answered", ct);
            answer = (string?)WatchedPods.Condition(_pods.Find(pod)!)!["message"] ?? "";
            await api.DeleteAsync(PodPath(pod), 0, ct);
            await _pods.UntilAsync(() => _pods.Find(pod) is null, "the canary is gone", ct);
            if (answer.Contains($"0/{_nodes.Length} nodes") && answer.Contains($"{_nodes.Length} Insufficient cpu"))
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, ct);
        }

        Assert.Fail($"The scheduler does not come to know the {_nodes.Length} nodes of case {mark}; of the last canary it said: {answer}");
    }

    private async Task<Decision?> DecideAsync(JsonObject manifest, bool strict, CancellationToken ct)
    {
        var before = _pods.All;
        var volumes = await ListAsync("/api/v1/persistentvolumes", ct);
        var claims = await ListAsync("/api/v1/persistentvolumeclaims", ct);
        if (await TryPostAsync(PodsPath(manifest), manifest, strict, ct) is not { } pod)
        {
            return null;
        }

        var provisioning = new Provisioning(api, pod, claims);
        await _pods.UntilAsync(
            async () => _pods.Find(pod) is { } seen
                && (WatchedPods.NodeOf(seen) is not null
                    || (string?)WatchedPods.Condition(seen)?["status"] == "False"
                    || await provisioning.ServeAsync(ct)),
            "the scheduler has decided",
            ct);
        var decided = _pods.Find(pod)!;
        var decision = new Decision
        {
            Moment = new Moment
            {
                Namespaces = _namespaces,
                StorageClasses = _classes,
                Volumes = volumes,
                Claims = claims,
                Nodes = _nodes,
                Pods = before,
                Pod = pod,
            },
            Node = WatchedPods.NodeOf(decided) ?? provisioning.Node,
        };
        if (decision.Node is null)
        {
            return await FailedAsync(decision, decided, ct);
        }

        if (provisioning.Node is { } node)
        {
            _pods.Assume(pod, node);
        }

        return decision;
    }

    private async Task<Decision> FailedAsync(Decision decision, JsonObject decided, CancellationToken ct)
    {
        // One that others make room for is tried again at once. Deleted meanwhile, it would stay nominated for ever: 1.20 forgets
        // to forget it. A few never come to be bound: what preemption thought of does not hold.
        var started = TimeProvider.System.GetTimestamp();
        await _pods.UntilAsync(
            () => decided["status"]!["nominatedNodeName"] is null
                || WatchedPods.NodeOf(_pods.Find(decided)) is not null
                || TimeProvider.System.GetElapsedTime(started) > RetriedBy,
            "the pod that others made room for is bound",
            ct);
        if (WatchedPods.NodeOf(_pods.Find(decided)) is null)
        {
            await api.DeleteAsync(PodPath(decided), 0, ct);
            await _pods.UntilAsync(() => _pods.Find(decided) is null, "the pod that did not fit is gone", ct);
        }

        var left = _pods.All.Select(pod => (string)pod["metadata"]!["uid"]!).ToHashSet();
        return decision with
        {
            Message = (string?)WatchedPods.Condition(decided)!["message"] ?? "",
            Reason = (string?)WatchedPods.Condition(decided)!["reason"] ?? "",
            Nominated = (string?)decided["status"]!["nominatedNodeName"],
            Victims =
            [
                .. decision.Moment.Pods
                    .Where(pod => !left.Contains((string)pod["metadata"]!["uid"]!))
                    .Select(pod => (string)pod["metadata"]!["name"]!)
                    .Order(StringComparer.Ordinal),
            ],
        };
    }
}
