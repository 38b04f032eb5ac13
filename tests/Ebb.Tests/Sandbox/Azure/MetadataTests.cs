using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Azure.Access;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure;

public class MetadataTests
{
    private const string Reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

    private const string Instance = "instance?api-version=2021-12-13";

    private static async Task<FaceLab> MachineAsync(string? identity = null, bool spot = false)
    {
        var lab = await FaceLab.StartAsync();
        var spec = Lab.Spec(1) with { Tags = Lab.Spec().Tags.Add("ebb-max", "5").Add("team", "blue"), Zones = ["2"] };
        if (spot)
        {
            spec = spec with { Priority = Priority.Spot, EvictionPolicy = EvictionPolicy.Delete };
        }

        var model = spec.ToModel("eastus");
        if (identity is not null)
        {
            model["identity"] = JsonNode.Parse(identity);
        }

        Assert.True(lab.Cloud.World.CreateOrUpdateScaleSet(Lab.Group, Lab.Set, model).Ok);
        lab.Cloud.Pass(minutes: 3);
        return lab;
    }

    [Fact]
    public async Task A_machine_learns_what_it_is()
    {
        using var lab = await MachineAsync();

        var answer = await lab.MetadataAsync(Instance);

        var compute = answer.Json["compute"]!;
        var instance = lab.Cloud.Current.Instances[0];
        Assert.Equal(("agents_0", "agents", "farm", "eastus", "2"), ((string)compute["name"]!, (string)compute["vmScaleSetName"]!, (string)compute["resourceGroupName"]!, (string)compute["location"]!, (string)compute["zone"]!));
        Assert.Equal((instance.VmId, instance.ResourceId, "agents000000"), ((string)compute["vmId"]!, (string)compute["resourceId"]!, (string)compute["osProfile"]!["computerName"]!));
        Assert.Equal("ebb-max:5;team:blue", (string)compute["tags"]!);
        Assert.Equal("ebb-max", (string)compute["tagsList"]![0]!["name"]!);
        Assert.Equal(instance.Address, (string)answer.Json["network"]!["interface"]![0]!["ipv4"]!["ipAddress"]![0]!["privateIpAddress"]!);
        Assert.Equal(instance.MacAddress, (string)answer.Json["network"]!["interface"]![0]!["macAddress"]!);
    }

    [Fact]
    public async Task Old_versions_know_fewer_fields()
    {
        using var lab = await MachineAsync();

        var old = (await lab.MetadataAsync("instance/compute?api-version=2017-08-01")).Json.AsObject();

        Assert.True(old.ContainsKey("subscriptionId"));
        Assert.False(old.ContainsKey("vmScaleSetName"));
        Assert.False(old.ContainsKey("resourceId"));
    }

    [Theory]
    [InlineData("instance/compute/name?api-version=2021-02-01&format=text", 200, "agents_0")]
    [InlineData("instance/network/interface/0/ipv4/subnet/0/prefix?api-version=2021-02-01&format=text", 200, "16")]
    [InlineData("instance?api-version=2021-02-01&format=text", 200, "compute/\nnetwork/")]
    [InlineData("instance/network/interface?api-version=2021-02-01&format=text", 200, "0/")]
    [InlineData("instance/compute/name?api-version=2021-02-01", 400, null)]
    [InlineData("instance/compute/nothing?api-version=2021-02-01&format=text", 404, null)]
    [InlineData("instance/network/interface/9?api-version=2021-02-01", 404, null)]
    [InlineData("instance?api-version=2021-08-01&extended=true", 200, null)]
    [InlineData("instance?api-version=2021-02-01&format=json&format=text", 400, null)]
    [InlineData("nothing?api-version=2021-02-01", 404, null)]
    public async Task Single_values_are_read_as_text(string path, int status, string? text)
    {
        using var lab = await MachineAsync();

        var answer = await lab.MetadataAsync(path);

        Assert.Equal(status, answer.Code);
        Assert.True(text is null || text == answer.Text, answer.Text);
    }

    [Theory]
    [InlineData("instance")]
    [InlineData("instance?api-version=2099-01-01")]
    [InlineData("scheduledevents?api-version=soon")]
    public async Task A_wrong_version_is_answered_with_the_newest(string path)
    {
        using var lab = await MachineAsync();

        var answer = await lab.MetadataAsync(path);

        Assert.Equal(400, answer.Code);
        Assert.Equal(["2025-04-07", "2024-07-17", "2024-03-15"], answer.Json["newest-versions"]!.AsArray().Select(v => (string)v!));
    }

    [Fact]
    public async Task The_header_is_required_in_any_case()
    {
        using var lab = await MachineAsync();

        Assert.Equal(400, (await lab.MetadataAsync(Instance, header: null)).Code);
        Assert.Equal(400, (await lab.MetadataAsync(Instance, header: "yes")).Code);
        Assert.Equal(200, (await lab.MetadataAsync(Instance, header: "True")).Code);
        Assert.Equal(405, (await lab.MetadataAsync(Instance, HttpMethod.Put)).Code);
        Assert.Contains("2021-02-01", (await lab.MetadataAsync("versions")).Text);
    }

    [Fact]
    public async Task A_machine_that_asks_too_often_is_told_to_wait()
    {
        using var lab = await MachineAsync();

        var statuses = new List<int>();
        for (var i = 0; i < 6; i++)
        {
            statuses.Add((await lab.MetadataAsync(Instance)).Code);
        }

        lab.Cloud.Time.Advance(TimeSpan.FromSeconds(1));
        statuses.Add((await lab.MetadataAsync(Instance)).Code);

        Assert.Equal([200, 200, 200, 200, 200, 429, 200], statuses);
    }

    [Fact]
    public async Task A_machine_that_does_not_exist_is_told_nothing()
    {
        using var lab = await MachineAsync();
        lab.Cloud.World.DeleteInstances(Lab.Group, Lab.Set, ["0"]);
        lab.Cloud.Pass(minutes: 2);

        Assert.Equal(404, (await lab.MetadataAsync(Instance)).Code);
    }

    [Fact]
    public async Task A_token_of_the_machines_identity_opens_the_resource_manager()
    {
        using var lab = await MachineAsync("""{"type":"SystemAssigned"}""");

        var token = await lab.MetadataAsync($"identity/oauth2/token?api-version=2018-02-01&resource={Uri.EscapeDataString("https://management.azure.com/")}");
        var again = await lab.MetadataAsync($"identity/oauth2/token?api-version=2018-02-01&resource={Uri.EscapeDataString("https://management.azure.com/")}");
        lab.Token = (string)token.Json["access_token"]!;
        var refused = await lab.GetAsync(lab.Set);
        RoleAssignments.Grant(lab.Face.Resources, lab.Set, Reader, Principals.PrincipalOf(lab.Set));

        Assert.Equal((403, "AuthorizationFailed"), (refused.Code, refused.Error));
        Assert.Equal(("Bearer", "https://management.azure.com/", "86400"), ((string)token.Json["token_type"]!, (string)token.Json["resource"]!, (string)token.Json["expires_in"]!));
        Assert.Equal(lab.Token, (string)again.Json["access_token"]!);
        Assert.Equal(200, (await lab.GetAsync(lab.Set)).Code);
    }

    [Fact]
    public async Task Of_several_identities_one_must_be_named()
    {
        using var lab = await MachineAsync("""{"type":"UserAssigned","userAssignedIdentities":{"/ids/a":{},"/ids/b":{}}}""");
        const string Path = "identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/";

        var none = await lab.MetadataAsync(Path);
        var one = await lab.MetadataAsync(Path + "&msi_res_id=/ids/b");
        var byClient = await lab.MetadataAsync(Path + $"&client_id={one.Json["client_id"]}");
        var wrong = await lab.MetadataAsync(Path + "&client_id=nobody");

        Assert.Equal((400, "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request"), (none.Code, (string)none.Json["error_description"]!));
        Assert.Equal((200, 200), (one.Code, byClient.Code));
        Assert.Equal((400, "Identity not found"), (wrong.Code, (string)wrong.Json["error_description"]!));
    }

    [Fact]
    public async Task A_machine_without_identity_gets_no_token()
    {
        using var lab = await MachineAsync();

        var answer = await lab.MetadataAsync("identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/");
        var header = await lab.MetadataAsync("identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/", header: null);

        Assert.Equal((400, "Identity not found"), (answer.Code, (string)answer.Json["error_description"]!));
        Assert.Equal("Required metadata header not specified", (string)header.Json["error_description"]!);
    }

    [Fact]
    public async Task An_eviction_is_announced_and_begins_when_acknowledged()
    {
        using var lab = await MachineAsync(spot: true);
        const string Path = "scheduledevents?api-version=2020-07-01";
        var quiet = await lab.MetadataAsync(Path);
        lab.Cloud.World.SimulateEviction(Lab.Group, Lab.Set, "0");

        var announced = await lab.MetadataAsync(Path);
        var e = announced.Json["Events"]![0]!;
        var bad = await lab.MetadataAsync(Path, HttpMethod.Post, """{"StartRequests":[{"EventId":"no"}]}""");
        var worse = await lab.MetadataAsync(Path, HttpMethod.Post, "{");
        var before = lab.Cloud.Current.Instances[0].Power;
        var ack = await lab.MetadataAsync(Path, HttpMethod.Post, $$"""{"StartRequests":[{"EventId":"{{e["EventId"]}}"}]}""");

        Assert.Equal("""{"DocumentIncarnation":1,"Events":[]}""", quiet.Text);
        Assert.Equal(2, (int)announced.Json["DocumentIncarnation"]!);
        Assert.Equal(("Preempt", "Scheduled", "agents_0", "Thu, 01 Jan 2026 00:03:30 GMT", "Platform"), ((string)e["EventType"]!, (string)e["EventStatus"]!, (string)e["Resources"]![0]!, (string)e["NotBefore"]!, (string)e["EventSource"]!));
        Assert.Equal((400, 400, 200), (bad.Code, worse.Code, ack.Code));
        Assert.Equal((PowerState.Running, PowerState.Stopped), (before, lab.Cloud.Current.Instances[0].Power));
    }
}
