using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Certificates;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure;

public class AzureHostTests
{
    [Fact]
    public async Task The_face_is_served_over_http_and_over_https_with_its_own_authority()
    {
        var ct = TestContext.Current.CancellationToken;
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        using var authority = Authority.Create("sandbox", TimeProvider.System);
        await using var host = await AzureHost.StartAsync(lab.Face, authority, 0, 0, ct);
        using var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { X509Certificate2.CreateFromPem(authority.CertificatePem) },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
        };
        using var http = new HttpClient(handler);

        using var form = new FormUrlEncodedContent(
        [
            new("grant_type", "client_credentials"),
            new("client_id", "app"),
            new("client_secret", "secret"),
            new("scope", $"{host.Https.GetLeftPart(UriPartial.Authority)}/.default"),
        ]);
        using var token = await http.PostAsync(new Uri(host.Https, $"{lab.Cloud.World.Options.TenantId}/oauth2/v2.0/token"), form, ct);
        using var secure = await http.GetAsync(new Uri(host.Https, "metadata/endpoints?api-version=2019-05-01"), ct);
        using var plain = await http.GetAsync(new Uri(host.Http, "subscriptions?api-version=2019-11-01"), ct);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.Unauthorized), (token.StatusCode, secure.StatusCode, plain.StatusCode));
        Assert.Contains(host.Https.GetLeftPart(UriPartial.Authority), await secure.Content.ReadAsStringAsync(ct));
    }

    [Fact]
    public async Task A_machines_own_port_serves_its_metadata_and_nothing_else()
    {
        var ct = TestContext.Current.CancellationToken;
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        var (address, listener) = await AzureHost.ServeMachineAsync(lab.Face, Lab.Group, Lab.Set, "0", 0, ct);
        await using var ends = listener;
        using var http = new HttpClient { BaseAddress = address };
        http.DefaultRequestHeaders.Add("Metadata", "true");

        var name = await http.GetStringAsync(new Uri("metadata/instance/compute/name?api-version=2021-02-01&format=text", UriKind.Relative), ct);
        using var other = await http.GetAsync(new Uri("metadata/endpoints?api-version=2019-05-01", UriKind.Relative), ct);

        Assert.Equal("agents_0", name);
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
    }

    [Fact]
    public async Task A_port_in_use_is_an_error_that_names_it()
    {
        var ct = TestContext.Current.CancellationToken;
        using var lab = await FaceLab.StartAsync();
        using var authority = Authority.Create("sandbox", TimeProvider.System);
        await using var host = await AzureHost.StartAsync(lab.Face, authority, 0, 0, ct);

        var error = await Assert.ThrowsAsync<IOException>(() => AzureHost.StartAsync(lab.Face, authority, host.Http.Port, 0, ct));

        Assert.Contains(host.Http.Port.ToString(), error.Message);
    }
}
