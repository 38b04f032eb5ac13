using System.Net;
using System.Text;
using Ebb.Acting;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Scheduling;
using Ebb.Simulation;
using Ebb.Tests.Kubernetes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Acting;

public sealed class ApiKubernetesTests : IDisposable
{
    private readonly VirtualTime _time = new();
    private readonly FakeApi _api = new();
    private readonly KubeClient _client;
    private readonly ApiDiscovery _discovery;
    private readonly ApiKubernetes _kubernetes;

    public ApiKubernetesTests()
    {
        _client = _api.Client(_time);
        _discovery = new(_client, _time);
        _kubernetes = new(
            _client, _discovery, new EventRecorder(_client, "ebb", "h", _time, new Random(1)), _time, new Random(1), NullLogger<ApiKubernetes>.Instance);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _discovery.Dispose();
        _client.Dispose();
        _api.Dispose();
    }

    [Fact]
    public async Task A_cordon_leaves_other_taints_alone_and_goes_against_the_version_read()
    {
        _api.Answer(HttpStatusCode.OK, """{"metadata":{"name":"n1","resourceVersion":"42"},"spec":{"taints":[{"key":"other","value":"x","effect":"NoExecute","timeAdded":"2026-01-01T00:00:00Z"}]}}""");
        _api.Answer(HttpStatusCode.OK, "{}");
        var change = new NodeChange { Retiring = "NoSchedule", Annotations = new Dictionary<string, string?> { [Marks.RetiringSince] = "now" } };

        var result = await _kubernetes.ChangeNodeAsync("n1", change, Ct);

        Assert.Equal(ChangeResult.Changed, result);
        Assert.Equal("application/merge-patch+json", _api.Requests[1].ContentType);
        Assert.Equal(
            """{"metadata":{"annotations":{"ebb.dev/retiring-since":"now"},"resourceVersion":"42"},"spec":{"taints":[{"key":"other","value":"x","effect":"NoExecute","timeAdded":"2026-01-01T00:00:00Z"},{"key":"ebb.dev/retiring","effect":"NoSchedule"}]}}""",
            _api.Requests[1].Body);
    }

    [Fact]
    public async Task Who_was_frozen_between_reading_and_writing_does_not_write()
    {
        const string Node = """{"metadata":{"name":"n1","resourceVersion":"42"},"spec":{}}""";
        var leadership = new Leadership(_time, TimeSpan.FromSeconds(10), 1);
        var within = _kubernetes.Within(leadership);
        _api.Answer(HttpStatusCode.OK, Node);
        _api.Answer(HttpStatusCode.Conflict, FakeApi.Status(409, "Conflict"));
        _api.Answer(_ =>
        {
            _time.Advance(TimeSpan.FromSeconds(20));
            return FakeApi.Response(HttpStatusCode.OK, Node);
        });

        await Assert.ThrowsAsync<TermOverException>(() => within.ChangeNodeAsync("n1", new() { Retiring = "NoSchedule" }, Ct));
        await Assert.ThrowsAsync<TermOverException>(() => within.DeleteNodeAsync("n1", "u", Ct));
        await Assert.ThrowsAsync<TermOverException>(() => within.TellAsync(new() { Kind = "Node", Name = "n1" }, false, "Grow", "x", Ct));
        await Assert.ThrowsAsync<TermOverException>(() => within.RememberAsync(new Dictionary<string, string?> { ["a"] = "b" }, Ct));

        Assert.Equal(["GET", "PATCH", "GET"], _api.Requests.Select(asked => asked.Method.Method));
    }

    [Fact]
    public async Task The_lease_is_asked_for_again_after_a_term()
    {
        var leadership = new Leadership(_time, TimeSpan.FromSeconds(10), 1);
        _time.Advance(TimeSpan.FromSeconds(20));
        _api.Answer(HttpStatusCode.OK, "{}");

        Assert.True(await _kubernetes.Within(leadership).PutLeaseAsync(new() { Metadata = new() { Name = "ebb", Namespace = "kube-system", ResourceVersion = "1" } }, Ct));
    }

    [Fact]
    public async Task A_release_takes_only_our_taint_and_annotation_away()
    {
        _api.Answer(HttpStatusCode.OK, """{"metadata":{"name":"n1","resourceVersion":"42","annotations":{"ebb.dev/retiring-since":"then","theirs":"x"}},"spec":{"taints":[{"key":"ebb.dev/retiring","effect":"NoSchedule"},{"key":"other","effect":"NoSchedule"}]}}""");
        _api.Answer(HttpStatusCode.OK, "{}");
        var change = new NodeChange { Retiring = "", Annotations = new Dictionary<string, string?> { [Marks.RetiringSince] = null, [Marks.IdleSince] = null } };

        await _kubernetes.ChangeNodeAsync("n1", change, Ct);

        Assert.Equal(
            """{"metadata":{"annotations":{"ebb.dev/retiring-since":null},"resourceVersion":"42"},"spec":{"taints":[{"key":"other","effect":"NoSchedule"}]}}""",
            _api.Requests[1].Body);
    }

    [Fact]
    public async Task Annotations_alone_go_without_a_version_and_a_change_that_is_none_is_not_sent()
    {
        const string Node = """{"metadata":{"name":"n1","resourceVersion":"42","annotations":{"ebb.dev/reason":"kept"}},"spec":{}}""";
        _api.Answer(HttpStatusCode.OK, Node);
        _api.Answer(HttpStatusCode.OK, "{}");
        _api.Answer(HttpStatusCode.OK, Node);

        await _kubernetes.ChangeNodeAsync("n1", new() { Annotations = new Dictionary<string, string?> { [Marks.Reason] = "idle" } }, Ct);
        await _kubernetes.ChangeNodeAsync("n1", new() { Retiring = "", Annotations = new Dictionary<string, string?> { [Marks.Reason] = "kept" } }, Ct);

        Assert.Equal("""{"metadata":{"annotations":{"ebb.dev/reason":"idle"}}}""", _api.Requests[1].Body);
        Assert.Equal(3, _api.Requests.Count);
    }

    [Fact]
    public async Task A_change_of_one_version_is_not_made_to_another()
    {
        _api.Answer(HttpStatusCode.OK, """{"metadata":{"name":"n1","resourceVersion":"43"}}""");
        _api.Answer(HttpStatusCode.Conflict, FakeApi.Status(409, "Conflict"));
        var change = new NodeChange { Version = "42", Annotations = new Dictionary<string, string?> { [Marks.Reason] = "idle" } };

        var refused = await Assert.ThrowsAsync<KubeException>(() => _kubernetes.ChangeNodeAsync("n1", change, Ct));

        Assert.True(refused.Conflict);
        Assert.Equal("""{"metadata":{"annotations":{"ebb.dev/reason":"idle"},"resourceVersion":"42"}}""", _api.Requests[1].Body);
    }

    [Fact]
    public async Task A_race_is_run_again_from_a_fresh_read_and_a_node_gone_meanwhile_is_told()
    {
        _api.Answer(HttpStatusCode.OK, """{"metadata":{"name":"n1","resourceVersion":"1"}}""");
        _api.Answer(HttpStatusCode.Conflict, FakeApi.Status(409, "Conflict"));
        _api.Answer(HttpStatusCode.OK, """{"metadata":{"name":"n1","resourceVersion":"2"}}""");
        _api.Answer(HttpStatusCode.OK, "{}");
        _api.Answer(HttpStatusCode.NotFound, FakeApi.Status(404, "NotFound"));

        var first = await _kubernetes.ChangeNodeAsync("n1", new() { Retiring = "NoSchedule" }, Ct);
        var second = await _kubernetes.ChangeNodeAsync("n1", new() { Retiring = "NoSchedule" }, Ct);

        Assert.Equal((ChangeResult.Changed, ChangeResult.Gone), (first, second));
        Assert.Contains("\"resourceVersion\":\"2\"", _api.Requests[3].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_pods_of_a_node_are_read_from_the_server_itself()
    {
        _api.Answer(HttpStatusCode.OK, """{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"p"}}]}""");

        var pods = await _kubernetes.PodsOnAsync("n1", Ct);

        Assert.Equal("p", Assert.Single(pods).Metadata.Name);
        Assert.Equal("/api/v1/pods?fieldSelector=spec.nodeName%3Dn1&limit=500", _api.Requests[0].Path);
    }

    [Fact]
    public async Task A_node_is_deleted_only_with_its_uid()
    {
        _api.Answer(HttpStatusCode.OK, "{}");
        _api.Answer(HttpStatusCode.NotFound, FakeApi.Status(404, "NotFound"));
        _api.Answer(HttpStatusCode.Conflict, FakeApi.Status(409, "Conflict"));

        for (var i = 0; i < 3; i++)
        {
            await _kubernetes.DeleteNodeAsync("n1", "u1", Ct);
        }

        Assert.Contains("\"preconditions\":{\"uid\":\"u1\"}", _api.Requests[0].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Notes_are_patched_and_made_when_there_are_none()
    {
        _api.Answer(HttpStatusCode.NotFound, FakeApi.Status(404, "NotFound"));
        _api.Answer(HttpStatusCode.NotFound, FakeApi.Status(404, "NotFound"));
        _api.Answer(HttpStatusCode.Created, "{}");
        _api.Answer(HttpStatusCode.OK, "{}");

        var before = await _kubernetes.RecallAsync(Ct);
        await _kubernetes.RememberAsync(new Dictionary<string, string?> { ["a"] = "1", ["b"] = null }, Ct);
        await _kubernetes.RememberAsync(new Dictionary<string, string?> { ["a"] = null }, Ct);

        Assert.Empty(before);
        Assert.Equal("""{"data":{"a":"1","b":null}}""", _api.Requests[1].Body);
        Assert.Contains("\"data\":{\"a\":\"1\"}", _api.Requests[2].Body, StringComparison.Ordinal);
        Assert.Equal("""{"data":{"a":null}}""", _api.Requests[3].Body);
    }

    [Fact]
    public async Task A_lease_is_made_once_and_replaced_only_at_its_version()
    {
        _api.Answer(HttpStatusCode.Conflict, FakeApi.Status(409, "AlreadyExists"));
        _api.Answer(HttpStatusCode.Conflict, FakeApi.Status(409, "Conflict"));
        _api.Answer(HttpStatusCode.OK, "{}");
        var lease = new V1Lease { Metadata = new() { Name = Marks.LeaseName, Namespace = Marks.Namespace } };
        var read = lease with { Metadata = lease.Metadata with { ResourceVersion = "3" } };

        var made = await _kubernetes.PutLeaseAsync(lease, Ct);
        var late = await _kubernetes.PutLeaseAsync(read, Ct);
        var put = await _kubernetes.PutLeaseAsync(read, Ct);

        Assert.Equal((false, false, true), (made, late, put));
        Assert.Equal([HttpMethod.Post, HttpMethod.Put, HttpMethod.Put], _api.Requests.Select(r => r.Method));
        Assert.Contains("\"resourceVersion\":\"3\"", _api.Requests[1].Body, StringComparison.Ordinal);
    }

    [Fact]
    public void All_kinds_are_fed_also_those_that_an_old_server_has_elsewhere_or_not_at_all()
    {
        _api.Otherwise = asked => asked.Path switch
        {
            "/version" => FakeApi.Response(HttpStatusCode.OK, """{"major":"1","minor":"20+"}"""),
            "/api/v1" => Serves("nodes", "pods", "namespaces", "persistentvolumes", "persistentvolumeclaims"),
            "/apis/apps/v1" => Serves("daemonsets"),
            "/apis/policy/v1beta1" => Serves("poddisruptionbudgets"),
            var path when path.Contains("watch=1", StringComparison.Ordinal) => new(HttpStatusCode.OK) { Content = new StreamContent(new SlowStream()) },
            var path when path.EndsWith("?resourceVersion=0", StringComparison.Ordinal) => FakeApi.Response(HttpStatusCode.OK, """{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"x"}}]}"""),
            _ => FakeApi.Response(HttpStatusCode.NotFound, "404 page not found"),
        };
        var sink = new Sink();
        using var stop = new CancellationTokenSource();
        var runner = new Runner(_time);
        runner.Start(() => _kubernetes.WatchAsync(sink, stop.Token));

        runner.Run(TimeSpan.FromSeconds(1));

        Assert.Equal(
            ["V1DaemonSet 1", "V1Namespace 1", "V1Node 1", "V1PersistentVolume 1", "V1PersistentVolumeClaim 1", "V1Pod 1", "V1PodDisruptionBudget 1", "V1StorageClass 0"],
            sink.Told.Order(StringComparer.Ordinal));
        Assert.Equal(SchedulerRules.Of(20), sink.Rules);
        Assert.Contains(_api.Requests, r => r.Path.StartsWith("/apis/policy/v1beta1/poddisruptionbudgets?", StringComparison.Ordinal));
        Assert.DoesNotContain(_api.Requests, r => r.Path.Contains("storageclasses", StringComparison.Ordinal));
    }

    private static HttpResponseMessage Serves(params string[] plurals) =>
        FakeApi.Response(HttpStatusCode.OK, new StringBuilder("{\"resources\":[").AppendJoin(',', plurals.Select(p => $"{{\"name\":\"{p}\"}}")).Append("]}").ToString());

    private sealed class Sink : IClusterSink
    {
        public List<string> Told { get; } = [];

        public SchedulerRules? Rules { get; private set; }

        public void Heed(SchedulerRules rules) => Rules = rules;

        public void Replace<T>(IReadOnlyCollection<T> all)
            where T : V1Object => Told.Add($"{typeof(T).Name} {all.Count}");

        public void Upsert<T>(T changed)
            where T : V1Object => Told.Add($"set {changed.Metadata.Name}");

        public void Remove<T>(T last)
            where T : V1Object => Told.Add($"gone {last.Metadata.Name}");
    }
}
