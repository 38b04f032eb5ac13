using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Kubernetes.Api;
using Ebb.Sandbox.Kubernetes.Face;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Tests.Sandbox.Kubernetes;

public sealed class FaceTests : IAsyncLifetime
{
    private const string Nodes = "/api/v1/nodes";

    private readonly Agenda _agenda = new(TimeProvider.System);
    private readonly Authority _authority = Authority.Create("sandbox", TimeProvider.System);
    private readonly KubeApi _api;
    private KubernetesFace _face = null!;
    private HttpClient _admin = null!;

    public FaceTests() => _api = new KubeApi(new ObjectStore(_agenda, new Random(1)));

    public async ValueTask InitializeAsync()
    {
        _api.Seed();
        _face = await KubernetesFace.StartAsync(
            _api, _authority, new KubernetesFaceOptions { AdminToken = "open-sesame" }, CancellationToken.None);
        _admin = Client(null, "open-sesame");
    }

    public async ValueTask DisposeAsync()
    {
        _admin.Dispose();
        await _face.DisposeAsync();
        _agenda.Dispose();
        _authority.Dispose();
    }

    [Fact]
    public async Task Nobody_in_particular_sees_health_and_nothing_else()
    {
        using var anonymous = Client(null, null);

        using var health = await anonymous.GetAsync("/healthz", TestContext.Current.CancellationToken);
        using var nodes = await anonymous.GetAsync(Nodes, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, nodes.StatusCode);
        Assert.Contains("system:anonymous", await nodes.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_token_is_never_taken_for_none()
    {
        using var wrong = Client(null, "open-barley");

        using var answer = await wrong.GetAsync("/healthz", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("Unauthorized", (string?)(await ReadAsync(answer))["message"]);
    }

    [Fact]
    public async Task A_certificate_says_who_its_bearer_is()
    {
        using var certificate = _authority.IssueClient("eve", "readers", "writers");
        using var eve = Client(certificate, null);

        using var answer = await eve.PostAsync(
            "/apis/authentication.k8s.io/v1/selfsubjectreviews", Json("{}"), TestContext.Current.CancellationToken);

        var user = (await ReadAsync(answer))["status"]!["userInfo"]!;
        Assert.Equal("eve", (string?)user["username"]);
        Assert.Equal(["readers", "system:authenticated", "writers"], user["groups"]!.AsArray().Select(g => (string?)g).Order());
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_refused()
    {
        using var other = Authority.Create("other", TimeProvider.System);
        using var certificate = other.IssueClient("kubernetes-admin", "system:masters");
        using var client = Client(certificate, null);

        using var answer = await client.GetAsync(Nodes, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task A_service_accounts_token_is_taken_and_its_rights_are_its_own()
    {
        using var asked = await _admin.PostAsync(
            "/api/v1/namespaces/default/serviceaccounts/default/token", Json("""{"spec":{}}"""), TestContext.Current.CancellationToken);
        using var account = Client(null, (string)(await ReadAsync(asked))["status"]!["token"]!);

        using var answer = await account.GetAsync(Nodes, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains(
            "system:serviceaccount:default:default", (string?)(await ReadAsync(answer))["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_given_and_what_is_too_much_is_said()
    {
        using var strange = new HttpRequestMessage(HttpMethod.Get, Nodes);
        strange.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/html"));

        using var unacceptable = await _admin.SendAsync(strange, TestContext.Current.CancellationToken);
        using var huge = await _admin.PostAsync(
            Nodes, Json("\"" + new string('x', 3 * 1024 * 1024) + "\""), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotAcceptable, unacceptable.StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, huge.StatusCode);
    }

    [Fact]
    public async Task A_warning_comes_as_a_header()
    {
        using var answer = await _admin.PostAsync(
            Nodes, Json("""{"metadata":{"name":"n"},"spec":{"colour":"red"}}"""), TestContext.Current.CancellationToken);

        Assert.Equal("299 - \"unknown field \\\"spec.colour\\\"\"", Assert.Single(answer.Headers.GetValues("Warning")));
    }

    [Fact]
    public async Task A_long_answer_is_packed_for_those_who_can_unpack_it()
    {
        for (var i = 0; i < 40; i++)
        {
            _api.Store.Create(Kinds.ConfigMap, new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = $"c{i}" },
                ["data"] = new JsonObject { ["k"] = new string('x', 5000) },
            });
        }

        using var asked = new HttpRequestMessage(HttpMethod.Get, "/api/v1/configmaps");
        asked.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
        using var packed = await _admin.SendAsync(asked, TestContext.Current.CancellationToken);
        using var plain = await _admin.GetAsync("/api/v1/configmaps", TestContext.Current.CancellationToken);

        Assert.Equal("gzip", Assert.Single(packed.Content.Headers.ContentEncoding));
        Assert.True((await packed.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).Length < 50_000);
        Assert.Empty(plain.Content.Headers.ContentEncoding);
    }

    [Fact]
    public async Task A_watch_tells_a_line_for_each_change_and_ends_with_a_bookmark_when_its_time_is_up()
    {
        using var answer = await _admin.GetAsync(
            $"{Nodes}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion={_api.Store.ResourceVersion}",
            HttpCompletionOption.ResponseHeadersRead,
            TestContext.Current.CancellationToken);

        _api.Store.Create(Kinds.Node, JsonNode.Parse("""{"metadata":{"name":"n"}}""")!.AsObject());
        var lines = (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(["ADDED", "BOOKMARK"], lines.Select(line => (string?)JsonNode.Parse(line)!["type"]));
        Assert.Equal(
            _api.Store.ResourceVersion.ToString(), (string?)JsonNode.Parse(lines[1])!["object"]!["metadata"]!["resourceVersion"]);
    }

    [Fact]
    public async Task A_watch_from_too_long_ago_is_gone()
    {
        _api.Store.Create(Kinds.Node, JsonNode.Parse("""{"metadata":{"name":"n"}}""")!.AsObject());
        _api.Store.Compact();

        using var answer = await _admin.GetAsync($"{Nodes}?watch=1&resourceVersion=1", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Gone, answer.StatusCode);
        Assert.Equal("Expired", (string?)(await ReadAsync(answer))["reason"]);
    }

    [Fact]
    public async Task Schemas_come_as_json_and_as_protocol_buffers()
    {
        using var asked = new HttpRequestMessage(HttpMethod.Get, "/openapi/v2");
        asked.Headers.TryAddWithoutValidation("Accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");

        using var packed = await _admin.SendAsync(asked, TestContext.Current.CancellationToken);
        using var plain = await _admin.GetAsync("/openapi/v2", TestContext.Current.CancellationToken);
        using var third = await _admin.GetAsync("/openapi/v3/apis/apps/v1", TestContext.Current.CancellationToken);

        Assert.Equal("\n\u00032.0", Encoding.ASCII.GetString(await packed.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken), 0, 5));
        Assert.NotNull((await ReadAsync(plain))["definitions"]!["io.k8s.api.core.v1.Pod"]!["properties"]!["spec"]);
        Assert.NotNull((await ReadAsync(third))["components"]!["schemas"]!["io.k8s.api.apps.v1.Deployment"]);
    }

    [Fact]
    public void The_kubeconfig_holds_all_that_a_client_needs()
    {
        var text = _face.Kubeconfig("sandbox");

        Assert.Contains($"server: \"{_face.Address.GetLeftPart(UriPartial.Authority)}\"", text, StringComparison.Ordinal);
        Assert.Contains("current-context: \"sandbox\"", text, StringComparison.Ordinal);
        Assert.Contains("client-key-data: ", text, StringComparison.Ordinal);
    }

    private HttpClient Client(X509Certificate2? certificate, string? token)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback =
            (_, presented, _, _) => presented is X509Certificate2 server && _authority.Issued(server, client: false);
        if (certificate is not null)
        {
            handler.SslOptions.ClientCertificates = [certificate];
        }

        var client = new HttpClient(handler) { BaseAddress = _face.Address };
        if (token is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return client;
    }

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage answer) =>
        JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
}
