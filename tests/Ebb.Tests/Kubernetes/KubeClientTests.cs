using System.Net;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Simulation;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Kubernetes;

public sealed class KubeClientTests : IDisposable
{
    private readonly VirtualTime _time = new();
    private readonly FakeApi _api = new();
    private readonly KubeClient _client;

    public KubeClientTests() => _client = _api.Client(_time);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _client.Dispose();
        _api.Dispose();
    }

    [Fact]
    public async Task A_list_is_read_page_by_page()
    {
        _api.Answer(HttpStatusCode.OK, """{"metadata":{"resourceVersion":"7","continue":"c 1"},"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}""");
        _api.Answer(HttpStatusCode.OK, """{"items":[{"metadata":{"name":"c"}}],"metadata":{"resourceVersion":"7"}}""");

        var list = await _client.ListAsync(Resources.Pods, new() { FieldSelector = "spec.nodeName=n1" }, fromCache: false, Ct);

        Assert.Equal(["a", "b", "c"], list.Items.Select(p => p.Metadata.Name));
        Assert.Equal("7", list.ResourceVersion);
        Assert.Equal("/api/v1/pods?fieldSelector=spec.nodeName%3Dn1&limit=500", _api.Requests[0].Path);
        Assert.Equal("/api/v1/pods?fieldSelector=spec.nodeName%3Dn1&limit=500&continue=c%201", _api.Requests[1].Path);
    }

    [Fact]
    public async Task Pages_that_expire_midway_are_asked_for_anew_all_at_once()
    {
        _api.Answer(HttpStatusCode.OK, """{"metadata":{"resourceVersion":"7","continue":"c"},"items":[{"metadata":{"name":"old"}}]}""");
        _api.Answer(HttpStatusCode.Gone, FakeApi.Status(410, "Expired"));
        _api.Answer(HttpStatusCode.OK, """{"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"new"}}]}""");

        var list = await _client.ListAsync(Resources.Pods, Selection.All, fromCache: false, Ct);

        Assert.Equal("new", Assert.Single(list.Items).Metadata.Name);
        Assert.Equal("/api/v1/pods", _api.Requests[2].Path);
    }

    [Fact]
    public async Task A_list_of_null_items_is_empty()
    {
        _api.Answer(HttpStatusCode.OK, """{"metadata":{"resourceVersion":"7"},"items":null}""");

        var list = await _client.ListAsync(Resources.Pods, Selection.All, fromCache: true, Ct);

        Assert.Empty(list.Items);
        Assert.Equal("/api/v1/pods?resourceVersion=0", _api.Requests[0].Path);
    }

    [Fact]
    public async Task An_error_carries_the_Status()
    {
        const string Details = """{"name":"p","kind":"pods","causes":[{"reason":"FieldValueRequired","field":"spec"}]}""";
        _api.Answer(HttpStatusCode.UnprocessableEntity, FakeApi.Status(422, "Invalid", "Pod is invalid", Details));

        var error = await Assert.ThrowsAsync<KubeException>(() => _client.GetAsync(Resources.Pods, "ns", "p", Ct));

        Assert.Equal("Invalid", error.Reason);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, error.Code);
        Assert.True(error.HasCause("FieldValueRequired"));
        Assert.Equal("GET https://fake.test:6443/api/v1/namespaces/ns/pods/p: 422 Invalid: Pod is invalid", error.Message);
    }

    [Fact]
    public async Task An_answer_that_is_no_Kubernetes_is_told_by_its_first_words()
    {
        _api.Answer(HttpStatusCode.BadGateway, "<html>" + new string('x', 100_000));

        var error = await Assert.ThrowsAsync<KubeException>(() => _client.GetAsync(Resources.Pods, "ns", "p", Ct));

        Assert.Equal(HttpStatusCode.BadGateway, error.Code);
        Assert.InRange(error.Message.Length, 100, 500);
    }

    [Fact]
    public void Throttling_is_waited_out_as_the_server_asks_also_for_a_POST()
    {
        _api.Answer(HttpStatusCode.TooManyRequests, FakeApi.Status(429, "TooManyRequests"), ("Retry-After", "5"));
        _api.Answer(HttpStatusCode.Created, """{"metadata":{"name":"l","namespace":"n"}}""");
        var start = _time.GetUtcNow();

        new Runner(_time).Complete(
            () => _client.CreateAsync(Resources.Leases, Lease, WriteOptions.Default, Ct), TimeSpan.FromMinutes(1));

        Assert.Equal(TimeSpan.FromSeconds(5), _time.GetUtcNow() - start);
        Assert.Equal(2, _api.Requests.Count);
    }

    [Fact]
    public async Task A_POST_that_failed_within_the_server_is_not_sent_twice()
    {
        _api.Answer(HttpStatusCode.InternalServerError, FakeApi.Status(500, "InternalError"), ("Retry-After", "1"));

        await Assert.ThrowsAsync<KubeException>(
            () => _client.CreateAsync(Resources.Leases, Lease, WriteOptions.Default, Ct));

        Assert.Single(_api.Requests);
    }

    [Fact]
    public void Repeating_has_an_end()
    {
        _api.Otherwise = _ => FakeApi.Response(HttpStatusCode.ServiceUnavailable, FakeApi.Status(503, "ServiceUnavailable"), ("Retry-After", "1"));

        var error = Assert.Throws<KubeException>(
            () => new Runner(_time).Complete(() => _client.GetAsync(Resources.Pods, "n", "p", Ct), TimeSpan.FromMinutes(1)));

        Assert.Equal(TimeSpan.FromSeconds(1), error.RetryAfter);
        Assert.Equal(6, _api.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_never_answers_is_given_up()
    {
        using var dead = new DeadServer();
        using var client = new KubeClient(_api.Connection with { Transport = _ => dead }, _time, NullLogger<KubeClient>.Instance);
        var asking = client.GetAsync(Resources.Pods, "n", "p", Ct);

        _time.Advance(TimeSpan.FromSeconds(61));

        var error = await Assert.ThrowsAsync<KubeException>(() => asking);
        Assert.Null(error.Code);
    }

    [Fact]
    public async Task A_refused_credential_is_renewed_once()
    {
        var asked = new List<bool>();
        var connection = _api.Connection with
        {
            Credential = (refused, _) =>
            {
                asked.Add(refused is not null);
                return ValueTask.FromResult(new KubeCredential(new("Bearer", refused is null ? "old" : "new"), null, Renewable: true));
            },
        };
        using var client = new KubeClient(connection, _time, NullLogger<KubeClient>.Instance);
        _api.Answer(HttpStatusCode.Unauthorized, FakeApi.Status(401, "Unauthorized"));
        _api.Answer(HttpStatusCode.OK, "{}");
        _api.Answer(HttpStatusCode.Unauthorized, FakeApi.Status(401, "Unauthorized"));
        _api.Answer(HttpStatusCode.Unauthorized, FakeApi.Status(401, "Unauthorized"));

        await client.GetAsync(Resources.Pods, "n", "p", Ct);
        await Assert.ThrowsAsync<KubeException>(() => client.GetAsync(Resources.Pods, "n", "p", Ct));

        Assert.Equal([false, true, false, true], asked);
        Assert.Equal(["Bearer old", "Bearer new", "Bearer old", "Bearer new"], _api.Requests.Select(r => r.Authorization));
    }

    [Fact]
    public async Task A_credential_that_cannot_be_had_is_a_users_error_at_first_and_later_a_failed_call()
    {
        var broken = true;
        var connection = _api.Connection with
        {
            Credential = (_, _) => broken ? throw new EbbException("log in first") : ValueTask.FromResult(KubeCredential.None),
        };
        using var client = new KubeClient(connection, _time, NullLogger<KubeClient>.Instance);
        _api.Answer(HttpStatusCode.OK, "{}");

        await Assert.ThrowsAsync<EbbException>(() => client.GetAsync(Resources.Pods, "n", "p", Ct));
        broken = false;
        await client.GetAsync(Resources.Pods, "n", "p", Ct);
        broken = true;
        var later = await Assert.ThrowsAsync<KubeException>(() => client.GetAsync(Resources.Pods, "n", "p", Ct));

        Assert.Contains("log in first", later.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    public async Task A_name_cannot_lead_to_another_address(string name) =>
        await Assert.ThrowsAsync<ArgumentException>(() => _client.DeleteAsync(Resources.Nodes, null, name, new(), Ct));

    [Fact]
    public async Task A_name_is_escaped()
    {
        _api.Answer(HttpStatusCode.NotFound, FakeApi.Status(404, "NotFound"));

        await _client.FindAsync(Resources.Pods, "n", "../../nodes?x", Ct);

        Assert.Equal("/api/v1/namespaces/n/pods/..%2F..%2Fnodes%3Fx", _api.Requests[0].Path);
    }

    [Fact]
    public async Task A_warning_is_told_once()
    {
        var logger = new TextLogger<KubeClient>();
        using var client = _api.Client(_time, logger);
        _api.Otherwise = _ => FakeApi.Response(HttpStatusCode.OK, "{}", ("Warning", "299 - \"policy/v1beta1 is \\\"old\\\"\""));

        await client.GetAsync(Resources.Pods, "n", "p", Ct);
        await client.GetAsync(Resources.Pods, "n", "p", Ct);

        Assert.Equal("The API server warns: policy/v1beta1 is \"old\"", Assert.Single(logger.Lines));
    }

    [Fact]
    public async Task The_eviction_version_is_what_the_server_offers()
    {
        using var discovery = new ApiDiscovery(_client, _time);
        _api.Answer(HttpStatusCode.OK, """{"kind":"APIResourceList","resources":[{"name":"pods"},{"name":"pods/eviction","group":"policy","version":"v1beta1"}]}""");
        _api.Answer(HttpStatusCode.NotFound, "404 page not found");

        var version = await discovery.EvictionVersionAsync(Ct);
        var pods = await discovery.SupportsAsync("v1", "pods", Ct);
        var budgets = await discovery.SupportsAsync("policy/v1", "poddisruptionbudgets", Ct);
        var again = await discovery.SupportsAsync("policy/v1", "poddisruptionbudgets", Ct);

        Assert.Equal("policy/v1beta1", version);
        Assert.True(pods);
        Assert.False(budgets || again);
        Assert.Equal(["/api/v1", "/apis/policy/v1"], _api.Requests.Select(r => r.Path));
    }

    private static V1Lease Lease => new() { Metadata = new() { Name = "l", Namespace = "n" } };

    private sealed class DeadServer : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
            throw new InvalidOperationException();
        }
    }
}
