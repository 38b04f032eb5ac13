using System.Net;
using System.Text;
using System.Threading.Channels;
using Ebb.Acting;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Sandbox;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Kubernetes.Api;
using Ebb.Sandbox.Kubernetes.Face;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Scheduling;
using Microsoft.Extensions.Logging.Abstractions;
using Kubeconfig = Ebb.Kubernetes.Config.Kubeconfig;
using Yaml = Ebb.Cli.Clusters.Yaml;

namespace Ebb.Tests.Kubernetes;

/// <summary>The client against the sandbox's API server, over TLS: neither knows the other's code.</summary>
public sealed class EmbeddedApiTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ebb-embedded").FullName;
    private Agenda _agenda = null!;
    private Authority _authority = null!;
    private KubernetesFace _face = null!;
    private KubeClient _client = null!;
    private ApiDiscovery _discovery = null!;
    private ApiKubernetes _kubernetes = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var time = TimeProvider.System;
        _agenda = new Agenda(time);
        _authority = Authority.Create("test", time);
        var api = new KubeApi(new ObjectStore(_agenda, new Random(1)));
        api.Seed();
        _face = await KubernetesFace.StartAsync(api, _authority, new KubernetesFaceOptions(), Ct);
        var path = Path.Combine(_folder, "config");
        await File.WriteAllTextAsync(path, _face.Kubeconfig("test"), Ct);
        _client = new KubeClient(new Kubeconfig(Yaml.ToJson, _ => null, time).Load(path, null), time, NullLogger<KubeClient>.Instance);
        _discovery = new ApiDiscovery(_client, time);
        _kubernetes = new ApiKubernetes(
            _client, _discovery, new EventRecorder(_client, "ebb", "host", time, new Random(1)), time, new Random(1), NullLogger<ApiKubernetes>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _discovery.Dispose();
        await _face.DisposeAsync();
        _authority.Dispose();
        _agenda.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_long_list_comes_in_pages_and_complete()
    {
        for (var i = 0; i < 1_201; i++)
        {
            await _client.CreateAsync(Resources.ConfigMaps, new() { Metadata = new() { Name = $"c-{i}", Namespace = "default" } }, WriteOptions.Default, Ct);
        }

        var list = await _client.ListAsync(Resources.ConfigMaps, new() { Namespace = "default" }, fromCache: false, Ct);

        Assert.Equal(1_201, list.Items.Select(c => c.Metadata.Name).Where(n => n.StartsWith("c-", StringComparison.Ordinal)).Distinct().Count());
    }

    [Fact]
    public async Task What_happens_is_watched_from_the_list_on()
    {
        var told = Channel.CreateUnbounded<string>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        await AddNodeAsync("n1");
        var watching = _kubernetes.WatchAsync(new Sink(told.Writer), stop.Token);
        var lists = new List<string>();
        for (var i = 0; i < 8; i++)
        {
            lists.Add(await told.Reader.ReadAsync(Ct));
        }

        await _kubernetes.ChangeNodeAsync("n1", new() { Retiring = "NoSchedule" }, Ct);
        var changed = await told.Reader.ReadAsync(Ct);
        await AddNodeAsync("n2");
        var added = await told.Reader.ReadAsync(Ct);
        await _kubernetes.DeleteNodeAsync("n1", (await _kubernetes.NodeAsync("n1", Ct))!.Metadata.Uid, Ct);
        var removed = await told.Reader.ReadAsync(Ct);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);

        Assert.Contains("all V1Node 1", lists);
        Assert.Contains("all V1Pod 0", lists);
        Assert.Equal(["set n1", "set n2", "gone n1"], [changed, added, removed]);
    }

    [Fact]
    public async Task A_node_is_cordoned_and_released_beside_what_others_put_on_it()
    {
        await AddNodeAsync("n1", new V1Taint { Key = "theirs", Value = "x", Effect = "NoSchedule" });

        await _kubernetes.ChangeNodeAsync("n1", new() { Retiring = "NoSchedule", Annotations = new Dictionary<string, string?> { [Marks.RetiringSince] = "t" } }, Ct);
        var cordoned = (await _kubernetes.NodeAsync("n1", Ct))!;
        await _kubernetes.ChangeNodeAsync("n1", new() { Retiring = "", Annotations = new Dictionary<string, string?> { [Marks.RetiringSince] = null } }, Ct);
        var released = (await _kubernetes.NodeAsync("n1", Ct))!;

        Assert.Equal(["theirs", "node.kubernetes.io/not-ready", Marks.Retiring], cordoned.Spec.Taints!.Select(t => t.Key));
        Assert.Equal("t", cordoned.Metadata.Annotations![Marks.RetiringSince]);
        Assert.Equal(["theirs", "node.kubernetes.io/not-ready"], released.Spec.Taints!.Select(t => t.Key));
        Assert.False(released.Metadata.Annotations?.ContainsKey(Marks.RetiringSince) ?? false);
    }

    [Fact]
    public async Task A_node_of_another_uid_is_not_deleted()
    {
        await AddNodeAsync("n1");

        await _kubernetes.DeleteNodeAsync("n1", "00000000-0000-0000-0000-000000000000", Ct);

        Assert.NotNull(await _kubernetes.NodeAsync("n1", Ct));
    }

    [Fact]
    public async Task A_pod_is_bound_found_on_its_node_and_evicted_by_uid()
    {
        await AddNodeAsync("n1");
        var pod = await AddPodAsync("p", "app", "x");

        await _client.BindAsync("default", "p", pod.Metadata.Uid, "n1", Ct);
        var again = await Assert.ThrowsAsync<KubeException>(() => _client.BindAsync("default", "p", null, "n1", Ct));
        var found = await _kubernetes.PodsOnAsync("n1", Ct);
        var elsewhere = await _kubernetes.PodsOnAsync("n2", Ct);
        var other = await _kubernetes.EvictAsync("default", "p", "00000000-0000-0000-0000-000000000000", Ct);
        var evicted = await _kubernetes.EvictAsync("default", "p", pod.Metadata.Uid, Ct);
        var missing = await _kubernetes.EvictAsync("default", "nobody", pod.Metadata.Uid, Ct);

        Assert.True(again.Conflict);
        Assert.Equal("p", Assert.Single(found).Metadata.Name);
        Assert.Empty(elsewhere);
        Assert.Equal((EvictResult.Gone, EvictResult.Evicting, EvictResult.Gone), (other, evicted, missing));
    }

    [Fact]
    public async Task A_budget_without_room_forbids_an_eviction()
    {
        await AddNodeAsync("n1");
        var pod = await AddPodAsync("p", "app", "x");
        await _client.BindAsync("default", "p", null, "n1", Ct);
        await PatchAsync(Resources.Pods, "p", "status", """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""");
        await _client.CreateAsync(
            Resources.PodDisruptionBudgets,
            new V1PodDisruptionBudget
            {
                ApiVersion = "policy/v1",
                Kind = "PodDisruptionBudget",
                Metadata = new() { Name = "b", Namespace = "default" },
                Spec = new() { Selector = new() { MatchLabels = new Dictionary<string, string> { ["app"] = "x" } } },
            },
            WriteOptions.Default,
            Ct);
        await PatchAsync(Resources.PodDisruptionBudgets, "b", "status", """{"status":{"disruptionsAllowed":0,"observedGeneration":1,"expectedPods":1,"currentHealthy":1,"desiredHealthy":1}}""");

        var result = await _kubernetes.EvictAsync("default", "p", pod.Metadata.Uid, Ct);

        Assert.Equal(EvictResult.BudgetForbids, result);
    }

    [Fact]
    public async Task Each_kind_of_patch_does_its_own()
    {
        const string Name = "c";
        await _client.CreateAsync(Resources.ConfigMaps, new() { Metadata = new() { Name = Name, Namespace = "default" }, Data = new Dictionary<string, string> { ["a"] = "1" } }, WriteOptions.Default, Ct);

        await PatchAsync(PatchKind.Json, """[{"op":"add","path":"/data/b","value":"2"}]""");
        await PatchAsync(PatchKind.Merge, """{"data":{"a":null,"c":"3"}}""");
        await PatchAsync(PatchKind.Strategic, """{"data":{"d":"4"}}""");
        await PatchAsync(PatchKind.Apply, """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"e":"5"}}""");
        await PatchAsync(PatchKind.Merge, """{"data":{"x":"9"}}""", dryRun: true);
        var stale = await Assert.ThrowsAsync<KubeException>(() => PatchAsync(PatchKind.Merge, """{"metadata":{"resourceVersion":"1"},"data":{"y":"9"}}"""));
        var found = await _client.GetAsync(Resources.ConfigMaps, "default", Name, Ct);

        Assert.Equal(["b=2", "c=3", "d=4", "e=5"], found.Data!.Select(d => $"{d.Key}={d.Value}").Order(StringComparer.Ordinal));
        Assert.True(stale.Conflict);

        Task PatchAsync(PatchKind kind, string patch, bool dryRun = false) => _client.PatchAsync(
            Resources.ConfigMaps, "default", Name, kind, Encoding.UTF8.GetBytes(patch), new() { DryRun = dryRun, Force = true }, Ct);
    }

    [Fact]
    public async Task The_lease_the_notes_and_the_Events_are_kept()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var election = new LeaderElection(_kubernetes, "me", TimeProvider.System, new Random(1), NullLogger<LeaderElection>.Instance);
        V1Lease? held = null;
        await election.RunAsync(async (_, ct) => held = await _kubernetes.LeaseAsync(ct), stop.Token);
        await _kubernetes.RememberAsync(new Dictionary<string, string?> { ["a"] = "1", ["b"] = "2" }, Ct);
        await _kubernetes.RememberAsync(new Dictionary<string, string?> { ["a"] = null }, Ct);
        var about = new V1ObjectReference { Kind = "Node", Name = "n1", Uid = "n1" };
        await _kubernetes.TellAsync(about, false, "Retiring", "idle 5 min", Ct);
        await _kubernetes.TellAsync(about, false, "Retiring", "idle 5 min", Ct);

        var events = await _client.ListAsync(Resources.Events, new() { Namespace = "default", FieldSelector = "involvedObject.name=n1" }, false, Ct);
        Assert.Equal("me", held!.Spec.HolderIdentity);
        Assert.Equal("", (await _kubernetes.LeaseAsync(Ct))!.Spec.HolderIdentity);
        Assert.Equal("2", Assert.Single(await _kubernetes.RecallAsync(Ct)).Value);
        Assert.Equal(2, Assert.Single(events.Items).Count);
    }

    [Fact]
    public async Task A_version_that_was_never_given_out_or_is_too_old_is_an_error_with_a_Status()
    {
        var bad = await Assert.ThrowsAsync<KubeException>(() => FirstAsync("nonsense"));

        Assert.Equal(HttpStatusCode.InternalServerError, bad.Code);

        async Task FirstAsync(string version)
        {
            await foreach (var _ in _client.WatchAsync(Resources.Pods, Selection.All, version, TimeSpan.FromSeconds(5), Ct))
            {
                return;
            }
        }
    }

    [Fact]
    public async Task What_the_server_offers_is_discovered()
    {
        Assert.True(await _discovery.SupportsAsync(Resources.DaemonSets, Ct));
        Assert.False(await _discovery.SupportsAsync("example.com/v1", "things", Ct));
        Assert.StartsWith("policy/v1", await _discovery.EvictionVersionAsync(Ct), StringComparison.Ordinal);
        Assert.Equal("1", (await _discovery.ServerVersionAsync(Ct)).Major);
    }

    private Task<V1Node> AddNodeAsync(string name, params V1Taint[] taints) => _client.CreateAsync(
        Resources.Nodes, new() { ApiVersion = "v1", Kind = "Node", Metadata = new() { Name = name }, Spec = new() { Taints = taints } }, WriteOptions.Default, Ct);

    private Task<V1Pod> AddPodAsync(string name, string label, string value) => PostAsync<V1Pod>(
        "api/v1/namespaces/default/pods",
        $$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}","labels":{"{{{label}}}":"{{{value}}}"}},"spec":{"containers":[{"name":"c","image":"busybox"}]}}""");

    private Task<T> PatchAsync<T>(Resource<T> resource, string name, string subresource, string patch)
        where T : V1Object =>
        _client.PatchAsync(resource, "default", name, PatchKind.Merge, Encoding.UTF8.GetBytes(patch), new() { Subresource = subresource }, Ct);

    // The trimmed records have no image, which a pod needs.
    private async Task<T> PostAsync<T>(string path, string json)
        where T : class
    {
        var connection = _client.Connection;
        using var http = new HttpClient(connection.Transport(null));
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(connection.Server, path)) { Content = content };
        request.Headers.Authorization = (await connection.Credential(null, Ct)).Header;
        using var response = await http.SendAsync(request, Ct);
        var body = await response.Content.ReadAsByteArrayAsync(Ct);
        Assert.True(response.IsSuccessStatusCode, Encoding.UTF8.GetString(body));
        return KubeJson.Read<T>(body);
    }

    private sealed class Sink(ChannelWriter<string> told) : IClusterSink
    {
        public void Heed(SchedulerRules rules)
        {
            // What is told of objects is what these tests are about.
        }

        public void Replace<T>(IReadOnlyCollection<T> all)
            where T : V1Object => told.TryWrite($"all {typeof(T).Name} {all.Count}");

        public void Upsert<T>(T changed)
            where T : V1Object => told.TryWrite($"set {changed.Metadata.Name}");

        public void Remove<T>(T last)
            where T : V1Object => told.TryWrite($"gone {last.Metadata.Name}");
    }
}
