using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>The pods of a real cluster as its watch shows them, and a way to wait for what they come to.</summary>
internal sealed class WatchedPods(RealApi api)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, JsonObject> _pods = [];

    // Pods whose node is decided, and which are bound a second later, once their volumes are.
    private readonly Dictionary<string, string> _assumed = [];
    private readonly Channel<bool> _moved = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>With the node on those that have not been told of theirs yet.</summary>
    public ImmutableArray<JsonObject> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _pods.Values.Select(WithNode)];
            }
        }
    }

    /// <summary>Follows the pods until it is cancelled.</summary>
    public async Task FollowAsync(CancellationToken ct)
    {
        while (true)
        {
            var list = await api.GetAsync("/api/v1/pods", ct);
            await api.WatchAsync("/api/v1/pods", (string)list["metadata"]!["resourceVersion"]!, See, ct);
        }
    }

    /// <summary>The pod as it is now; null once it is gone.</summary>
    public JsonObject? Find(JsonObject pod)
    {
        lock (_lock)
        {
            return _pods.GetValueOrDefault(Uid(pod));
        }
    }

    public static string? NodeOf(JsonObject? pod) => (string?)pod?["spec"]!["nodeName"];

    public static JsonObject? Condition(JsonObject pod) => (pod["status"]?["conditions"] as JsonArray)?.OfType<JsonObject>()
        .FirstOrDefault(condition => (string?)condition["type"] == "PodScheduled");

    public void Assume(JsonObject pod, string node)
    {
        lock (_lock)
        {
            _assumed[Uid(pod)] = node;
        }
    }

    public bool AllSettled()
    {
        lock (_lock)
        {
            return _pods.All(pod => !_assumed.ContainsKey(pod.Key) || NodeOf(pod.Value) is not null);
        }
    }

    public Task UntilAsync(Func<bool> holds, string what, CancellationToken ct) => UntilAsync(() => Task.FromResult(holds()), what, ct);

    public async Task UntilAsync(Func<Task<bool>> holds, string what, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(Patience, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            while (!await holds())
            {
                await MovedAsync(either.Token);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException($"After {Patience} still waiting until {what}.");
        }
    }

    private static string Uid(JsonObject pod) => (string)pod["metadata"]!["uid"]!;

    /// <summary>Volumes move without a pod's doing so: it returns now and then without anything.</summary>
    private async Task MovedAsync(CancellationToken ct)
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(ct, soon.Token);
        try
        {
            await _moved.Reader.ReadAsync(any.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // Nothing moved.
        }
    }

    private JsonObject WithNode(JsonObject pod)
    {
        if (NodeOf(pod) is not null || !_assumed.TryGetValue(Uid(pod), out var node))
        {
            return pod;
        }

        var placed = pod.DeepClone().AsObject();
        placed["spec"]!["nodeName"] = node;
        return placed;
    }

    private void See(JsonObject change)
    {
        var pod = change["object"]!.DeepClone().AsObject();
        lock (_lock)
        {
            if ((string?)change["type"] == "DELETED")
            {
                _pods.Remove(Uid(pod));
                _assumed.Remove(Uid(pod));
            }
            else
            {
                _pods[Uid(pod)] = pod;
            }
        }

        _moved.Writer.TryWrite(true);
    }
}
