using System.Net;
using System.Text.Json.Nodes;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Scheduling;
using Microsoft.Extensions.Logging;

namespace Ebb.Acting;

/// <summary>The cluster behind a real API server.</summary>
public sealed partial class ApiKubernetes(
    KubeClient client,
    ApiDiscovery discovery,
    EventRecorder events,
    TimeProvider time,
    Random random,
    ILogger<ApiKubernetes> logger) : IKubernetes
{
    // Kubelets write their node every few seconds; losing this many races in a row means something else is wrong.
    private const int MaxConflicts = 8;

    // One of its own: what it is made from is shared, and a Random is for one thread at a time.
    private readonly Random _random = new(random.Next());

    private readonly Lock _turn = new();

    private Leadership? _term;

    public async Task WatchAsync(IClusterSink into, CancellationToken ct)
    {
        using var all = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var budgets = await KnownAsync(Resources.PodDisruptionBudgets, ct)
            ? Resources.PodDisruptionBudgets
            : Resources.PodDisruptionBudgetsBeta;

        // A server that is upgraded meanwhile is taken for what it was until the next start: what differs is rare and small.
        var rules = await AnswerAsync(() => RulesAsync(ct), ct);
        InTurn(() => into.Heed(rules));
        await Task.WhenAll(
            FeedAsync(Resources.Nodes, into, all),
            FeedAsync(Resources.Pods, into, all),
            FeedAsync(budgets, into, all),
            FeedAsync(Resources.DaemonSets, into, all),
            FeedAsync(Resources.PersistentVolumeClaims, into, all),
            FeedAsync(Resources.PersistentVolumes, into, all),
            FeedAsync(Resources.StorageClasses, into, all),
            FeedAsync(Resources.Namespaces, into, all));
    }

    public async Task<IReadOnlyList<V1Pod>> PodsOnAsync(string node, CancellationToken ct)
    {
        var selection = new Selection { FieldSelector = $"spec.nodeName={node}" };
        return (await client.ListAsync(Resources.Pods, selection, fromCache: false, ct)).Items;
    }

    public Task<V1Node?> NodeAsync(string node, CancellationToken ct) => client.FindAsync(Resources.Nodes, null, node, ct);

    public async Task<ChangeResult> ChangeNodeAsync(string node, NodeChange change, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await NodeAsync(node, ct) is not { } found)
            {
                return ChangeResult.Gone;
            }

            if (NodePatch.For(found, change) is not { } patch)
            {
                return ChangeResult.Changed;
            }

            try
            {
                _term?.ThrowIfOver();
                await client.PatchAsync(Resources.Nodes, null, node, PatchKind.Merge, patch, WriteOptions.Default, ct);
                return ChangeResult.Changed;
            }
            catch (KubeException e) when (e.NotFound)
            {
                return ChangeResult.Gone;
            }
            catch (KubeException e) when (e.Conflict && change.Version is null && attempt < MaxConflicts)
            {
                LogConflict(node, attempt);
            }
        }
    }

    public async Task DeleteNodeAsync(string node, string uid, CancellationToken ct)
    {
        _term?.ThrowIfOver();
        try
        {
            await client.DeleteAsync(Resources.Nodes, null, node, new() { Preconditions = new() { Uid = uid } }, ct);
        }
        catch (KubeException e) when (e.Conflict)
        {
            // Another node has the name now: the one meant is gone.
        }
    }

    public Task<EvictResult> EvictAsync(string ns, string pod, string uid, CancellationToken ct) => EvictAsync(ns, pod, uid, grace: null, ct);

    /// <param name="grace">How long the pod may take to end; null: what it says itself.</param>
    public async Task<EvictResult> EvictAsync(string ns, string pod, string uid, TimeSpan? grace, CancellationToken ct)
    {
        var version = await discovery.EvictionVersionAsync(ct);
        _term?.ThrowIfOver();
        return await client.EvictAsync(version, ns, pod, uid, grace, ct) switch
        {
            EvictionResult.Evicting => EvictResult.Evicting,
            EvictionResult.BudgetForbids => EvictResult.BudgetForbids,
            _ => EvictResult.Gone,
        };
    }

    /// <summary>Deletes the pod with this uid, whatever its budget says; one that is gone is fine.</summary>
    public async Task DeletePodAsync(string ns, string pod, string uid, TimeSpan grace, CancellationToken ct)
    {
        var options = new V1DeleteOptions { GracePeriodSeconds = (long)grace.TotalSeconds, Preconditions = new() { Uid = uid } };
        _term?.ThrowIfOver();
        try
        {
            await client.DeleteAsync(Resources.Pods, ns, pod, options, ct);
        }
        catch (KubeException e) when (e.Conflict)
        {
            // Another pod has the name now: the one meant is gone.
        }
    }

    public async Task TellAsync(V1ObjectReference about, bool warning, string reason, string message, CancellationToken ct)
    {
        _term?.ThrowIfOver();
        await events.TellAsync(about, warning, reason, message, ct);
    }

    public async Task<IReadOnlyDictionary<string, string>> RecallAsync(CancellationToken ct)
    {
        var found = await client.FindAsync(Resources.ConfigMaps, Marks.Namespace, Marks.MemoryName, ct);
        return found?.Data ?? new Dictionary<string, string>();
    }

    public async Task RememberAsync(IReadOnlyDictionary<string, string?> notes, CancellationToken ct)
    {
        var data = new JsonObject(notes.Select(n => KeyValuePair.Create(n.Key, (JsonNode?)n.Value)));
        var patch = System.Text.Encoding.UTF8.GetBytes(new JsonObject { ["data"] = data }.ToJsonString());
        _term?.ThrowIfOver();
        try
        {
            await client.PatchAsync(
                Resources.ConfigMaps, Marks.Namespace, Marks.MemoryName, PatchKind.Merge, patch, WriteOptions.Default, ct);
        }
        catch (KubeException e) when (e.NotFound)
        {
            var first = new V1ConfigMap
            {
                ApiVersion = "v1",
                Kind = "ConfigMap",
                Metadata = new() { Name = Marks.MemoryName, Namespace = Marks.Namespace },
                Data = notes.Where(n => n.Value is not null).ToDictionary(n => n.Key, n => n.Value!),
            };
            _term?.ThrowIfOver();
            await client.CreateAsync(Resources.ConfigMaps, first, WriteOptions.Default, ct);
        }
    }

    public IKubernetes Within(Leadership term) =>
        new ApiKubernetes(client, discovery, events, time, RandomOfItsOwn(), logger) { _term = term };

    public Task<V1Lease?> LeaseAsync(CancellationToken ct) =>
        client.FindAsync(Resources.Leases, Marks.Namespace, Marks.LeaseName, ct);

    public async Task<bool> PutLeaseAsync(V1Lease lease, CancellationToken ct)
    {
        try
        {
            if (lease.Metadata.ResourceVersion is null)
            {
                await client.CreateAsync(Resources.Leases, lease, WriteOptions.Default, ct);
            }
            else
            {
                await client.ReplaceAsync(Resources.Leases, lease, WriteOptions.Default, ct);
            }

            return true;
        }
        catch (KubeException e) when (e.Conflict || e.NotFound)
        {
            return false;
        }
    }

    private async Task FeedAsync<T>(Resource<T> resource, IClusterSink into, CancellationTokenSource all)
        where T : V1Object
    {
        try
        {
            await FeedAsync(resource, into, all.Token);
        }
        catch
        {
            // A watch ends by a fault of ours only, and that must not leave the others running on.
            all.CancelHere();
            throw;
        }
    }

    private async Task FeedAsync<T>(Resource<T> resource, IClusterSink into, CancellationToken ct)
        where T : V1Object
    {
        if (!await KnownAsync(resource, ct))
        {
            // A server without the kind has no object of it; whoever waits for the first list must learn that too.
            LogLacks(resource.GroupVersion, resource.Plural);
            InTurn(() => into.Replace<T>([]));
            await Task.Delay(Timeout.InfiniteTimeSpan, time, ct);
        }

        var sink = new InformerSink<T>(
            all => InTurn(() => into.Replace(all)),
            changed => InTurn(() => into.Upsert(changed)),
            last => InTurn(() => into.Remove(last)));
        await new Informer<T>(client, resource, Selection.All, sink, time, RandomOfItsOwn(), logger).RunAsync(ct);
    }

    private Task<bool> KnownAsync<T>(Resource<T> resource, CancellationToken ct)
        where T : V1Object => AnswerAsync(() => discovery.SupportsAsync(resource, ct), ct);

    /// <summary>Asks until there is an answer.</summary>
    private async Task<T> AnswerAsync<T>(Func<Task<T>> ask, CancellationToken ct)
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(0.8), TimeSpan.FromSeconds(30), time, RandomOfItsOwn());
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (KubeException e)
            {
                LogNoDiscovery(e.Message);
                await backoff.FailedAsync(ct);
            }
        }
    }

    private async Task<SchedulerRules> RulesAsync(CancellationToken ct)
    {
        try
        {
            // Managed clusters put a plus behind the number.
            var version = await discovery.ServerVersionAsync(ct);
            return int.TryParse(version.Minor.TrimEnd('+'), out var minor) ? SchedulerRules.Of(minor) : SchedulerRules.Newest;
        }
        catch (KubeException e) when (e.NotFound || e.Code is HttpStatusCode.Forbidden)
        {
            // What serves the API need not say what it is.
            return SchedulerRules.Newest;
        }
    }

    // The watches run side by side, and a Random is for one at a time.
    private Random RandomOfItsOwn()
    {
        lock (_turn)
        {
            return new Random(_random.Next());
        }
    }

    private void InTurn(Action call)
    {
        lock (_turn)
        {
            call();
        }
    }

    [LoggerMessage(LogLevel.Debug, "Node {Node} changed while it was being changed, attempt {Attempt}")]
    private partial void LogConflict(string node, int attempt);

    [LoggerMessage(LogLevel.Information, "The API server has no {Plural} in {GroupVersion}")]
    private partial void LogLacks(string groupVersion, string plural);

    [LoggerMessage(LogLevel.Warning, "Could not learn what the API server offers, trying again: {Trouble}")]
    private partial void LogNoDiscovery(string trouble);
}
