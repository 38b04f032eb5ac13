using Ebb.Acting;
using Ebb.Kubernetes.Objects;

namespace Ebb.Tests.Acting;

/// <summary>A cluster of a few nodes and pods that notes what is asked of it.</summary>
internal sealed class FakeCluster : IKubernetes
{
    private Leadership? _term;

    public Dictionary<string, V1Node> Nodes { get; } = [];

    public List<V1Pod> Pods { get; } = [];

    public List<string> Calls { get; } = [];

    public Dictionary<string, string> Notes { get; } = [];

    /// <summary>Called before each call; throws to make it fail.</summary>
    public Action<string> Before { get; set; } = _ => { };

    /// <summary>What each call waits for.</summary>
    public Func<Task> Slow { get; set; } = () => Task.CompletedTask;

    public void Add(string node, string? taint = null, string providerId = "", bool ready = true) => Nodes[node] = new V1Node
    {
        Metadata = new V1Meta { Name = node, Uid = $"uid-{node}" },
        Spec = new V1NodeSpec
        {
            ProviderID = providerId,
            Taints = taint is null ? [] : [new V1Taint { Key = Marks.Retiring, Effect = taint }],
        },
        Status = new V1NodeStatus { Conditions = [new V1Condition { Type = "Ready", Status = ready ? "True" : "Unknown" }] },
    };

    public void AddPod(string name, string node, string owner = "Job", string phase = "Running", DateTimeOffset? deleted = null) =>
        Pods.Add(new V1Pod
        {
            Metadata = new V1Meta
            {
                Namespace = "default",
                Name = name,
                DeletionTimestamp = deleted,
                Annotations = owner == "Mirror" ? new Dictionary<string, string> { ["kubernetes.io/config.mirror"] = "x" } : null,
                OwnerReferences = owner is "" or "Mirror" ? null : [new V1OwnerReference { Kind = owner, Name = "o", Controller = true }],
            },
            Spec = new V1PodSpec { NodeName = node },
            Status = new V1PodStatus { Phase = phase },
        });

    public Task WatchAsync(IClusterSink into, CancellationToken ct) => throw new NotSupportedException();

    public Task<IReadOnlyList<V1Pod>> PodsOnAsync(string node, CancellationToken ct) =>
        Do<IReadOnlyList<V1Pod>>($"pods on {node}", () => [.. Pods.Where(pod => pod.Spec.NodeName == node)]);

    public Task<V1Node?> NodeAsync(string node, CancellationToken ct) => Do($"node {node}", () => Nodes.GetValueOrDefault(node));

    public Task<ChangeResult> ChangeNodeAsync(string node, NodeChange change, CancellationToken ct)
    {
        var taint = change.Retiring is { } effect ? $" taint={effect}" : "";
        var cordoned = change.Cordoned is { } cordon ? $" cordoned={cordon}" : "";
        var annotations = string.Concat(change.Annotations.Select(pair => $" {pair.Key["ebb.dev/".Length..]}={pair.Value}"));
        return Write($"change {node}{taint}{cordoned}{annotations}", () => Nodes.ContainsKey(node) ? ChangeResult.Changed : ChangeResult.Gone);
    }

    public Task DeleteNodeAsync(string node, string uid, CancellationToken ct) => Write($"delete {node} {uid}", () => Nodes.Remove(node));

    public Task<EvictResult> EvictAsync(string ns, string pod, string uid, CancellationToken ct) =>
        Write($"evict {ns}/{pod} {uid}", () => EvictResult.Evicting);

    public Task TellAsync(V1ObjectReference about, bool warning, string reason, string message, CancellationToken ct) =>
        Write($"tell {about.Kind} {about.Name} {reason}: {message}", () => 0);

    public Task<IReadOnlyDictionary<string, string>> RecallAsync(CancellationToken ct) =>
        Do<IReadOnlyDictionary<string, string>>("recall", () => Notes);

    public Task RememberAsync(IReadOnlyDictionary<string, string?> notes, CancellationToken ct) =>
        Write($"remember {string.Join(", ", notes.Select(note => $"{note.Key}={note.Value}"))}", () => 0);

    public IKubernetes Within(Leadership term)
    {
        _term = term;
        return this;
    }

    public Task<V1Lease?> LeaseAsync(CancellationToken ct) => throw new NotSupportedException();

    public Task<bool> PutLeaseAsync(V1Lease lease, CancellationToken ct) => throw new NotSupportedException();

    private Task<T> Write<T>(string call, Func<T> body)
    {
        _term?.ThrowIfOver();
        return Do(call, body);
    }

    private async Task<T> Do<T>(string call, Func<T> body)
    {
        Calls.Add(call);
        await Slow();
        Before(call);
        return body();
    }
}
