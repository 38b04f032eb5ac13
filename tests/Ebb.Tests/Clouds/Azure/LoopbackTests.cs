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
    public async Task The_role_among_the_examples_allows_all_that_is_done_to_a_pool_and_no_more()
    {
        var ct = TestContext.Current.CancellationToken;
        using var lab = new Lab();
        lab.Have(Lab.Spec(3));
        using var face = new AzureFace(lab.World, new AzureFaceOptions { Apps = [new AppRegistration("ebb", "secret")] });
        TakeRolesFrom(face, "ebb");
        GiveExampleRole(face, "ebb");
        using var http = new HttpMessageInvoker(new InProcessHandler(face));
        var azure = new Uri("https://127.0.0.1:8443");
        var token = await TokenAsync(face, azure, "ebb", ct);
        var cloud = new AzureCloud(
            new AzureScope(lab.World.Options.SubscriptionId, Lab.Group, null, azure),
            http,
            _ => ValueTask.FromResult(new AccessToken(token, DateTimeOffset.MaxValue)),
            new AzureOptions(),
            lab.Time,
            new Random(1),
            NullLogger<AzureCloud>.Instance);

        var view = await cloud.ReadAsync(new HashSet<string>(), ct);
        var pool = view.Pools.Single();
        foreach (var operation in Enum.GetValues<MachineOperation>())
        {
            await cloud.OperateAsync(pool, [pool.Machines[0]], operation, ct);
            lab.Pass(minutes: 3);
        }

        await cloud.ProtectAsync(pool, pool.Machines[1], shielded: true, ct);
        lab.Pass(minutes: 1);
        var removed = await cloud.RemoveAsync(pool, [pool.Machines[2]], ct);
        lab.Pass(minutes: 3);
        var grown = await cloud.GrowAsync((await cloud.ReadAsync(new HashSet<string>(), ct)).Pools.Single(), 2, ct);
        using var deletion = new HttpRequestMessage(HttpMethod.Delete, new Uri(azure, $"{lab.Current.ResourceId}?api-version=2024-07-01"));
        deletion.Headers.Authorization = new("Bearer", token);
        using var deleted = await http.SendAsync(deletion, ct);

        Assert.True(view.Complete, view.Trouble);
        Assert.Equal(new RemoveResult.Removing(1), removed);
        Assert.Equal(new GrowResult.Growing(4, 2), grown);
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, deleted.StatusCode);
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

    private static void TakeRolesFrom(AzureFace face, string app)
    {
        foreach (var assignment in face.Resources.OfType(RoleAssignments.Type).Where(a => (string?)a.Properties["principalId"] == Principals.PrincipalOf(app)).ToList())
        {
            face.Resources.Remove(assignment.Id);
        }
    }

    private static void GiveExampleRole(AzureFace face, string app)
    {
        const string Role = "eb000000-0000-4000-8000-000000000001";
        var example = JsonNode.Parse(File.ReadAllText(Path.Combine(House.Tree.Root, "examples", "azure-role.json")))!;
        var group = $"{face.Resources.Subscription}/resourceGroups/{Lab.Group}";
        Put($"{face.Resources.Subscription}/providers/Microsoft.Authorization/roleDefinitions/{Role}", new JsonObject
        {
            ["properties"] = new JsonObject
            {
                ["roleName"] = example["Name"]!.DeepClone(),
                ["assignableScopes"] = new JsonArray(group),
                ["permissions"] = new JsonArray(new JsonObject { ["actions"] = example["Actions"]!.DeepClone() }),
            },
        });
        Put($"{group}/providers/Microsoft.Authorization/roleAssignments/eb000000-0000-4000-8000-000000000002", new JsonObject
        {
            ["properties"] = new JsonObject { ["roleDefinitionId"] = $"/providers/Microsoft.Authorization/roleDefinitions/{Role}", ["principalId"] = Principals.PrincipalOf(app) },
        });

        void Put(string id, JsonObject body) =>
            Assert.Equal(201, face.Dispatch(ArmRequest.Internal("PUT", $"{id}?api-version=2022-04-01", body, ArmCaller.Trusted, "https://127.0.0.1:8443")).Status);
    }

    private static async Task<string> TokenAsync(AzureFace face, Uri azure, string app, CancellationToken ct)
    {
        using var http = new HttpClient(new InProcessHandler(face)) { BaseAddress = azure };
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = app,
            ["client_secret"] = "secret",
            ["scope"] = $"{azure}.default",
        });
        using var response = await http.PostAsync(new Uri($"/{face.World.Options.TenantId}/oauth2/v2.0/token", UriKind.Relative), form, ct);
        return (string)JsonNode.Parse(await response.Content.ReadAsStringAsync(ct))!["access_token"]!;
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
