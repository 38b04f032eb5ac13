using System.Net;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Simulation;

namespace Ebb.Tests.Kubernetes;

/// <summary>What a client sends to change something, and how it reads a refusal.</summary>
public sealed class KubeClientWriteTests : IDisposable
{
    private readonly VirtualTime _time = new();
    private readonly FakeApi _api = new();
    private readonly KubeClient _client;

    public KubeClientWriteTests() => _client = _api.Client(_time);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _client.Dispose();
        _api.Dispose();
    }

    [Theory]
    [InlineData(PatchKind.Json, "application/json-patch+json", "?fieldManager=ebb")]
    [InlineData(PatchKind.Merge, "application/merge-patch+json", "?fieldManager=ebb")]
    [InlineData(PatchKind.Strategic, "application/strategic-merge-patch+json", "?fieldManager=ebb")]
    [InlineData(PatchKind.Apply, "application/apply-patch+yaml", "?fieldManager=ebb&force=true")]
    public async Task Each_kind_of_patch_has_its_media_type(PatchKind kind, string mediaType, string query)
    {
        _api.Answer(HttpStatusCode.OK, "{}");

        await _client.PatchAsync(Resources.Nodes, null, "n1", kind, "{}"u8.ToArray(), new() { Force = true }, Ct);

        Assert.Equal(mediaType, _api.Requests[0].ContentType);
        Assert.Equal("/api/v1/nodes/n1" + query, _api.Requests[0].Path);
    }

    [Fact]
    public async Task A_status_is_written_to_its_own_address_and_a_dry_run_says_so()
    {
        _api.Answer(HttpStatusCode.OK, "{}");

        await _client.ReplaceAsync(Resources.Nodes, new() { Metadata = new() { Name = "n1" } }, new() { Subresource = "status", DryRun = true }, Ct);

        Assert.Equal("/api/v1/nodes/n1/status?fieldManager=ebb&dryRun=All", _api.Requests[0].Path);
    }

    [Fact]
    public async Task A_deletion_carries_its_options()
    {
        _api.Answer(HttpStatusCode.OK, """{"kind":"Status","status":"Success"}""");
        _api.Answer(HttpStatusCode.NotFound, FakeApi.Status(404, "NotFound"));
        var options = new V1DeleteOptions
        {
            GracePeriodSeconds = 0,
            PropagationPolicy = "Background",
            Preconditions = new() { Uid = "u" },
            DryRun = ["All"],
        };

        var first = await _client.DeleteAsync(Resources.Pods, "n", "p", options, Ct);
        var second = await _client.DeleteAsync(Resources.Pods, "n", "p", options, Ct);

        Assert.True(first);
        Assert.False(second);
        Assert.Equal(
            """{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,"propagationPolicy":"Background","preconditions":{"uid":"u"},"dryRun":["All"]}""",
            _api.Requests[0].Body);
    }

    [Fact]
    public async Task An_eviction_that_a_budget_forbids_is_told_from_throttling()
    {
        const string Causes = """{"causes":[{"reason":"DisruptionBudget","message":"needs 2 healthy pods and has 1"}]}""";
        _api.Answer(HttpStatusCode.TooManyRequests, FakeApi.Status(429, "TooManyRequests", "Cannot evict pod", Causes), ("Retry-After", "10"));
        _api.Answer(HttpStatusCode.TooManyRequests, FakeApi.Status(429, "TooManyRequests"));
        _api.Answer(HttpStatusCode.NotFound, FakeApi.Status(404, "NotFound"));
        _api.Answer(HttpStatusCode.Created, """{"kind":"Status","status":"Success"}""");

        var forbidden = await _client.EvictAsync("policy/v1", "n", "p", "u", null, Ct);
        var throttled = await Assert.ThrowsAsync<KubeException>(() => _client.EvictAsync("policy/v1", "n", "p", "u", null, Ct));
        var gone = await _client.EvictAsync("policy/v1", "n", "p", "u", null, Ct);
        var evicting = await _client.EvictAsync("policy/v1beta1", "n", "p", "u", null, Ct);

        Assert.Equal(EvictionResult.BudgetForbids, forbidden);
        Assert.Equal(HttpStatusCode.TooManyRequests, throttled.Code);
        Assert.Equal(EvictionResult.Gone, gone);
        Assert.Equal(EvictionResult.Evicting, evicting);
        Assert.Contains("\"apiVersion\":\"policy/v1beta1\"", _api.Requests[^1].Body, StringComparison.Ordinal);
        Assert.Contains("\"preconditions\":{\"uid\":\"u\"}", _api.Requests[^1].Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("other", true)]
    [InlineData("u", false)]
    public async Task A_conflict_on_eviction_means_gone_only_if_another_pod_has_the_name(string uidNow, bool gone)
    {
        _api.Answer(HttpStatusCode.Conflict, FakeApi.Status(409, "Conflict"));
        _api.Answer(HttpStatusCode.OK, $$$"""{"metadata":{"name":"p","uid":"{{{uidNow}}}"}}""");

        var evicting = _client.EvictAsync("policy/v1", "n", "p", "u", null, Ct);

        if (gone)
        {
            Assert.Equal(EvictionResult.Gone, await evicting);
        }
        else
        {
            await Assert.ThrowsAsync<KubeException>(() => evicting);
        }
    }

    [Fact]
    public async Task A_binding_names_pod_and_node()
    {
        _api.Answer(HttpStatusCode.Created, """{"kind":"Status","status":"Success"}""");

        await _client.BindAsync("n", "p", "u", "node-1", Ct);

        Assert.Equal("/api/v1/namespaces/n/pods/p/binding", _api.Requests[0].Path);
        Assert.Contains("\"target\":{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"node-1\"}", _api.Requests[0].Body, StringComparison.Ordinal);
    }
}
