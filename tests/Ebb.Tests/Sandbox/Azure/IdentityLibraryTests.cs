using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Ebb.Sandbox.Azure;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure;

public class IdentityLibraryTests
{
    [Fact]
    public async Task Azures_own_library_signs_in_with_a_secret()
    {
        var ct = TestContext.Current.CancellationToken;
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        using var http = new HttpClient(new InProcessHandler(lab.Face));
        var credential = new ClientSecretCredential(lab.Cloud.World.Options.TenantId, "app", "secret", new ClientSecretCredentialOptions
        {
            AuthorityHost = new Uri(FaceLab.Base),
            DisableInstanceDiscovery = true,
            Transport = new HttpClientTransport(http),
        });

        var token = await credential.GetTokenAsync(new TokenRequestContext([$"{FaceLab.Base}/.default"]), ct);
        lab.Token = token.Token;

        Assert.Equal(200, (await lab.GetAsync(lab.Set)).Code);
    }

    [Fact]
    public async Task Azures_own_library_understands_a_refusal()
    {
        var ct = TestContext.Current.CancellationToken;
        using var lab = await FaceLab.StartAsync();
        using var http = new HttpClient(new InProcessHandler(lab.Face));
        var credential = new ClientSecretCredential(lab.Cloud.World.Options.TenantId, "app", "wrong", new ClientSecretCredentialOptions
        {
            AuthorityHost = new Uri(FaceLab.Base),
            DisableInstanceDiscovery = true,
            Transport = new HttpClientTransport(http),
        });

        var error = await Assert.ThrowsAsync<AuthenticationFailedException>(() =>
            credential.GetTokenAsync(new TokenRequestContext([$"{FaceLab.Base}/.default"]), ct).AsTask());

        Assert.Contains("AADSTS7000215", error.ToString());
    }
}
