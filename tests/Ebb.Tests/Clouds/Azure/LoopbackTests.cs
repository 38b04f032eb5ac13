using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Ebb.Clouds;
using Ebb.Clouds.Azure;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Azure.Access;
using Ebb.Sandbox.Certificates;
using Ebb.Tests.Sandbox.Cloud;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Clouds.Azure;

public class LoopbackTests
{
    [Fact]
    public async Task A_machine_finds_its_group_and_its_identity_and_reads_and_grows_its_pool_over_https()
    {
        var ct = TestContext.Current.CancellationToken;
        using var lab = new Lab();
        var model = Lab.Spec(2).ToModel("eastus");
        model["identity"] = new JsonObject { ["type"] = "SystemAssigned" };
        Assert.True(lab.World.CreateOrUpdateScaleSet(Lab.Group, Lab.Set, model).Ok);
        lab.Pass(minutes: 3);
        using var face = new AzureFace(lab.World, new AzureFaceOptions());
        RoleAssignments.Grant(face.Resources, face.Resources.Subscription, BuiltInRoles.OwnerId, Principals.PrincipalOf(lab.Current.ResourceId));
        using var authority = Authority.Create("sandbox", TimeProvider.System);
        await using var host = await AzureHost.StartAsync(face, authority, 0, 0, ct);
        using var direct = new HttpMessageInvoker(InstanceMetadata.NewHandler());
        using var trusting = new HttpMessageInvoker(Trusting(authority));
        var metadata = new InstanceMetadata(direct, host.MetadataOf(Lab.Group, Lab.Set, "0"), lab.Time, new Random(1));
        var endpoint = host.Https.GetLeftPart(UriPartial.Authority);

        var scope = await AzureScope.ResolveAsync(new AzureSettings(ArmEndpoint: endpoint), _ => null, metadata, ct);
        var cloud = new AzureCloud(
            scope,
            trusting,
            c => metadata.TokenAsync($"{endpoint}/", null, c),
            new AzureOptions(),
            lab.Time,
            new Random(1),
            NullLogger<AzureCloud>.Instance);
        var view = await cloud.ReadAsync(new HashSet<string>(), ct);
        var grown = await cloud.GrowAsync(view.Pools.Single(), 3, ct);

        Assert.True(view.Complete, view.Trouble);
        Assert.Equal((lab.World.Options.SubscriptionId, Lab.Group), (scope.SubscriptionId, scope.ResourceGroup));
        Assert.Equal(2, view.Pools[0].Machines.Length);
        Assert.Equal(new GrowResult.Growing(5, 3), grown);
    }

    [Fact]
    public async Task A_resource_manager_that_is_not_trusted_gets_no_token()
    {
        var ct = TestContext.Current.CancellationToken;
        using var lab = new Lab();
        using var face = new AzureFace(lab.World, new AzureFaceOptions());
        using var authority = Authority.Create("sandbox", TimeProvider.System);
        using var other = Authority.Create("other", TimeProvider.System);
        await using var host = await AzureHost.StartAsync(face, authority, 0, 0, ct);
        using var http = new HttpMessageInvoker(Trusting(other));
        var cloud = new AzureCloud(
            new AzureScope("sub", Lab.Group, null, host.Https),
            http,
            _ => ValueTask.FromResult(new AccessToken("secret", DateTimeOffset.MaxValue)),
            new AzureOptions(),
            TimeProvider.System,
            new Random(1),
            NullLogger<AzureCloud>.Instance);

        var e = await Assert.ThrowsAsync<CloudException>(() => cloud.ReadAsync(new HashSet<string>(), ct));

        Assert.Contains(host.Https.Authority, e.Message, StringComparison.Ordinal);
        Assert.Equal(0, lab.World.Requests.ByKind.GetValueOrDefault(Ebb.Sandbox.Cloud.CallKind.ListScaleSets));
    }

    private static SocketsHttpHandler Trusting(Authority authority) => new()
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
}
