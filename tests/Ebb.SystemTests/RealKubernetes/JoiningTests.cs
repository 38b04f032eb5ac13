using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Joining;
using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>What a machine does to join: bootstrap token, certificate request, certificate.</summary>
[Collection(nameof(AccessCluster))]
public sealed class JoiningTests(AccessCluster cluster)
{
    private const string Requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    private const string ForKubelets = "kubernetes.io/kube-apiserver-client-kubelet";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_machine_with_a_token_gets_a_certificate_without_a_person_and_is_a_node_with_it()
    {
        var token = await TokenAsync(TimeSpan.FromMinutes(10));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await AskAsync(token, "as-admin", key, "O=kubeadm:cluster-admins, CN=kubernetes-admin", "kubernetes.io/kube-apiserver-client");

        await AskAsync(token, "machine-7", key, "O=system:nodes, CN=system:node:machine-7", ForKubelets);

        using var issued = await CertificateAsync(token, "machine-7");
        using var own = issued.CopyWithPrivateKey(key);
        using var presentable = X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), null);
        Assert.Equal("CN=system:node:machine-7, O=system:nodes", own.Subject);
        Assert.Equal(404, (await cluster.SendWithCertificateAsync(presentable, HttpMethod.Get, "/api/v1/nodes/machine-7", Ct)).Status);
        Assert.Equal(403, (await cluster.SendWithCertificateAsync(presentable, HttpMethod.Get, "/api/v1/secrets", Ct)).Status);

        // What was asked for first, and is more than a machine may have, still waits for a person.
        var other = await cluster.SendWithTokenAsync(token, HttpMethod.Get, $"{Requests}/as-admin", null, Ct);
        Assert.Empty(JsonNode.Parse(other.Body)!["status"]!.AsObject());
    }

    [Theory]
    [InlineData("GET", "/api/v1/pods", null)]
    [InlineData("GET", "/api/v1/namespaces/kube-system/secrets", null)]
    [InlineData("GET", "/api/v1/nodes", null)]
    [InlineData("POST", "/api/v1/nodes", """{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}""")]
    [InlineData("DELETE", Requests + "/any", null)]
    [InlineData("PUT", Requests + "/any/approval", """{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"any"}}""")]
    [InlineData("POST", "/api/v1/namespaces/kube-system/serviceaccounts/default/token", """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"audiences":["a"]}}""")]
    public async Task A_token_is_good_for_nothing_else(string method, string path, string? body)
    {
        var token = await TokenAsync(TimeSpan.FromMinutes(10));

        Assert.Equal(403, (await cluster.SendWithTokenAsync(token, HttpMethod.Parse(method), path, body, Ct)).Status);
    }

    [Fact]
    public async Task A_token_whose_time_is_over_is_refused_and_removed()
    {
        await cluster.UpAsync(Ct);
        using var admin = AccessCluster.Client(cluster.Plane.AdminKubeconfig);
        var tokens = new BootstrapTokens(admin, TimeProvider.System);
        var token = await tokens.CreateAsync(TimeSpan.FromSeconds(3), "soon over", Ct);
        await Shell.UntilAsync("the token is refused", Soon, async () =>
            (await cluster.SendWithTokenAsync(token.Text, HttpMethod.Get, Requests, null, Ct)).Status == 401);

        await tokens.RemoveExpiredAsync(Ct);

        Assert.DoesNotContain(await tokens.ListAsync(Ct), entry => entry.Id == token.Id);
    }

    [Fact]
    public async Task A_token_that_is_revoked_is_refused()
    {
        await cluster.UpAsync(Ct);
        using var admin = AccessCluster.Client(cluster.Plane.AdminKubeconfig);
        var tokens = new BootstrapTokens(admin, TimeProvider.System);
        var token = await tokens.CreateAsync(TimeSpan.FromMinutes(5), "for machine-9", Ct);
        var listed = Assert.Single(await tokens.ListAsync(Ct), entry => entry.Id == token.Id);
        Assert.Equal("for machine-9", listed.Description);
        Assert.Equal(token.ExpiresAt.ToUnixTimeSeconds(), listed.ExpiresAt!.Value.ToUnixTimeSeconds());

        Assert.True(await tokens.RevokeAsync(token.Id, Ct));

        Assert.False(await tokens.RevokeAsync(token.Id, Ct));
        await Shell.UntilAsync("the token is refused", Soon, async () =>
            (await cluster.SendWithTokenAsync(token.Text, HttpMethod.Get, Requests, null, Ct)).Status == 401);
    }

    [Fact]
    public async Task Anyone_learns_where_the_cluster_is_and_a_token_s_holder_can_tell_that_it_is_true()
    {
        var token = await TokenAsync(TimeSpan.FromMinutes(10));
        var (id, secret) = (token[..6], token[7..]);
        JsonNode? data = null;
        await Shell.UntilAsync("the signature for the token is there", Soon, async () =>
        {
            var answer = await cluster.SendWithTokenAsync(null, HttpMethod.Get, "/api/v1/namespaces/kube-public/configmaps/cluster-info", null, Ct);
            Assert.Equal(200, answer.Status);
            data = JsonNode.Parse(answer.Body)!["data"]!;
            return data[$"jws-kubeconfig-{id}"] is not null;
        });

        var kubeconfig = (string)data!["kubeconfig"]!;
        var parts = ((string)data[$"jws-kubeconfig-{id}"]!).Split('.');
        Assert.Equal(["", parts[2]], new[] { parts[1], Base64Url(Sign(secret, $"{parts[0]}.{Base64Url(Encoding.UTF8.GetBytes(kubeconfig))}")) });
        Assert.Contains(Convert.ToBase64String(Encoding.UTF8.GetBytes(cluster.AuthorityPem)), kubeconfig, StringComparison.Ordinal);
        Assert.Contains(cluster.Plane.Address.GetLeftPart(UriPartial.Authority), kubeconfig, StringComparison.Ordinal);
        Assert.Equal(403, (await cluster.SendWithTokenAsync(null, HttpMethod.Get, "/api/v1/namespaces/kube-public/configmaps", null, Ct)).Status);
    }

    private static byte[] Sign(string secret, string text) => HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(text));

    private static string Base64Url(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private async Task<string> TokenAsync(TimeSpan lifetime)
    {
        await cluster.UpAsync(Ct);
        using var admin = AccessCluster.Client(cluster.Plane.AdminKubeconfig);
        var token = await new BootstrapTokens(admin, TimeProvider.System).CreateAsync(lifetime, "a test", Ct);

        // The API server sees it a moment later.
        await Shell.UntilAsync("the token is known", Soon, async () =>
            (await cluster.SendWithTokenAsync(token.Text, HttpMethod.Get, Requests, null, Ct)).Status == 200);
        return token.Text;
    }

    private async Task AskAsync(string token, string name, ECDsa key, string subject, string signer)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        var body = new JsonObject
        {
            ["apiVersion"] = "certificates.k8s.io/v1",
            ["kind"] = "CertificateSigningRequest",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject
            {
                ["request"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(request)),
                ["signerName"] = signer,
                // Releases before 1.27 approve exactly these three by themselves.
                ["usages"] = new JsonArray("digital signature", "key encipherment", "client auth"),
            },
        };
        var answer = await cluster.SendWithTokenAsync(token, HttpMethod.Post, Requests, body.ToJsonString(), Ct);
        Assert.True(answer.Status == 201, answer.Body);
    }

    private async Task<X509Certificate2> CertificateAsync(string token, string name)
    {
        string? issued = null;
        await Shell.UntilAsync("the certificate is issued", Soon, async () =>
        {
            var answer = await cluster.SendWithTokenAsync(token, HttpMethod.Get, $"{Requests}/{name}", null, Ct);
            issued = (string?)JsonNode.Parse(answer.Body)!["status"]?["certificate"];
            return issued is not null;
        });
        return X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(issued!)));
    }
}
