using System.Text;
using System.Text.Json.Nodes;
using Ebb.Cli.Clusters.Provisioned;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>What somebody changes by hand is found and mended, while the file stays as it is; nothing else is.</summary>
public sealed class DriftTests : IDisposable
{
    private const string Network = "Microsoft.Network/virtualNetworks/farm-network";

    private const string Rules = "Microsoft.Network/networkSecurityGroups/farm-control-plane";

    private const string Pool = "Microsoft.Compute/virtualMachineScaleSets/agents";

    private readonly CloudCase _case = new();

    [Theory]
    [InlineData(CloudCase.Starter)]
    [InlineData("""
        name: farm
        cloud: {provider: azure, region: eastus, endpoint: sandbox}
        controlPlane: {machines: 3, size: Standard_D2s_v5, zones: [1, 2, 3]}
        pools:
          - {name: agents, size: Standard_D2s_v5, priority: spot-then-regular, min: 1, max: 4, zones: [1, 2]}
          - {name: big, size: Standard_D4s_v5, max: 2, labels: {example.com/kind: big}}
        storage: {shares: [{name: srv}, {name: scenes, quotaGiB: 20000, mountAt: /mnt/scenes}]}
        access: {sshFrom: [own-address, 198.51.100.0/24], apiFrom: [own-address], ingressFrom: anyone}
        addOns: {ingress: true}
        """)]
    [InlineData("""
        name: farm
        cloud: {provider: azure, region: eastus, endpoint: sandbox}
        controlPlane: {machines: 3, size: Standard_D2s_v5}
        pools:
          - {name: agents, size: Standard_D2s_v5, max: 4}
        storage: {shares: [{name: srv}]}
        addOns: {ingress: true, registry: true}
        access: {sshFrom: [own-address], apiFrom: anyone, ingressFrom: cloudflare}
        """)]
    public void Where_nobody_changed_anything_nothing_is_found(string yaml)
    {
        _case.Up(yaml);

        var plan = _case.Plan(yaml);

        Assert.Empty(plan.Changes);
        Assert.False(plan.IsDue(plan.Storage.Group) || plan.IsDue(plan.Compute.Group));
    }

    [Fact]
    public void A_rule_that_was_removed_is_made_again()
    {
        _case.Up();
        Edit(Rules, group => group["properties"]!["securityRules"]!.AsArray().RemoveAt(0));

        var part = Assert.Single(Mended().Parts);

        Assert.Matches(@"^properties\.securityRules '\S+': missing → made again$", part.What);
    }

    [Fact]
    public void A_rule_that_was_added_is_removed()
    {
        _case.Up();
        Edit(Rules, group => group["properties"]!["securityRules"]!.AsArray().Add(JsonNode.Parse("""
            {"name": "back-door", "properties": {"priority": 4000, "direction": "Inbound", "access": "Allow", "protocol": "*",
             "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "22"}}
            """)));

        Assert.Equal("properties.securityRules 'back-door': there, and not in the file → removed", Assert.Single(Mended().Parts).What);
    }

    [Fact]
    public void A_rule_that_was_opened_is_closed_again()
    {
        _case.Up();
        Edit(Rules, group => group["properties"]!["securityRules"]!.AsArray().Single(r => (string?)r!["name"] == "ssh")!["properties"]!["sourceAddressPrefixes"]!.AsArray().Add("0.0.0.0/0"));

        Assert.Equal("properties.securityRules[ssh].properties.sourceAddressPrefixes[1]: 0.0.0.0/0 → nothing", Assert.Single(Mended().Parts).What);
    }

    [Fact]
    public void A_pools_tag_that_was_changed_is_changed_back()
    {
        _case.Up();
        Edit(Pool, pool => pool["tags"]!["ebb-max"] = "100");

        Assert.Equal("tags.ebb-max: 100 → 10", Assert.Single(Mended().Parts).What);
        Assert.Equal("10", _case.World.Find("farm-compute", "agents")!.Tags["ebb-max"]);
    }

    [Fact]
    public void A_pools_size_that_was_changed_is_changed_back_for_new_machines()
    {
        _case.Up();
        Edit(Pool, pool => pool["sku"]!["name"] = "Standard_D8s_v5");

        var part = Assert.Single(Mended().Parts);

        Assert.Equal(("sku.name: Standard_D8s_v5 → Standard_D4s_v5", Effect.NewMachines), (part.What, part.Effect));
    }

    [Fact]
    public void A_role_that_was_taken_away_is_given_again()
    {
        _case.Up();
        var roles = Get("subscriptions/" + _case.World.Options.SubscriptionId + "/providers/Microsoft.Authorization/roleAssignments")["value"]!.AsArray();
        var role = (string)roles.Single(r => ((string)r!["properties"]!["scope"]!).EndsWith("/agents", StringComparison.Ordinal))!["id"]!;
        Send(HttpMethod.Delete, role, null);

        var change = Mended();

        Assert.Equal((ChangeAction.Create, "The controller adds and removes this pool's machines."), (change.Action, change.Means));
        Assert.Equal(role, (string?)Get(role)["id"]);
    }

    [Fact]
    public void A_foreign_subnet_is_named_before_it_goes()
    {
        _case.Up();
        Edit(Network, network => network["properties"]!["subnets"]!.AsArray().Add(JsonNode.Parse("""{"name": "theirs", "properties": {"addressPrefix": "10.1.1.0/24"}}""")));

        Assert.Equal("properties.subnets 'theirs': there, and not in the file → removed", Assert.Single(Mended().Parts).What);
    }

    [Fact]
    public void What_others_have_added_is_no_drift_and_outlives_a_change_of_the_file()
    {
        _case.Up();
        Edit(Pool, pool => pool["tags"]!["cost-center"] = "[42]");
        var table = Id("Microsoft.Network/routeTables/theirs");
        Send(HttpMethod.Put, table, """{"location": "eastus"}""");
        Edit(Network, network =>
        {
            network["properties"]!["dhcpOptions"] = new JsonObject { ["dnsServers"] = new JsonArray("10.9.0.4") };
            network["properties"]!["subnets"]![1]!["properties"]!["routeTable"] = new JsonObject { ["id"] = table };
        });

        Assert.Empty(_case.Plan().Changes);
        _case.Up(CloudCase.Starter.Replace("max: 10", "max: 20", StringComparison.Ordinal));

        var pool = _case.World.Find("farm-compute", "agents")!;
        Assert.Equal(("20", "[42]"), (pool.Tags["ebb-max"], pool.Tags["cost-center"]));
        var network = Get(Id(Network))["properties"]!;
        Assert.Equal(table, (string?)network["subnets"]![1]!["properties"]!["routeTable"]!["id"]);
        Assert.Equal("10.9.0.4", (string?)network["dhcpOptions"]?["dnsServers"]?[0]);
    }

    [Fact]
    public void What_Azure_cannot_change_back_is_told_and_stops_nothing()
    {
        _case.Up();
        var before = _case.Plan();
        var disk = new ClusterChange(ChangeAction.Impossible, "farm-compute", "Microsoft.Compute/virtualMachines", "farm-control-plane-0", "");

        var alone = before with { Changes = [disk] };
        var beside = before with { Changes = [disk, new ClusterChange(ChangeAction.Change, "farm-compute", Pool, "agents", "")] };

        alone.RequirePossible();
        Assert.False(alone.Touches);
        Assert.Equal(disk, Assert.Single(alone.Unmendable));
        Assert.Throws<EbbException>(beside.RequirePossible);
    }

    public void Dispose() => _case.Dispose();

    /// <summary>The one change that is found, as drift; afterwards there is none.</summary>
    private ClusterChange Mended()
    {
        var plan = _case.Plan();
        var only = Assert.Single(plan.Changes);
        Assert.True(only.Drift);
        Assert.Equal(only.Action is not ChangeAction.Create, plan.Touches);
        Assert.True(_case.Up().Succeeded);
        Assert.Empty(_case.Plan().Changes);
        return only;
    }

    private void Edit(string resource, Action<JsonNode> edit)
    {
        var there = Get(Id(resource));
        edit(there);
        Send(HttpMethod.Put, Id(resource), there.ToJsonString());
    }

    private string Id(string resource) => $"/subscriptions/{_case.World.Options.SubscriptionId}/resourceGroups/farm-compute/providers/{resource}";

    private JsonNode Get(string id) => Send(HttpMethod.Get, id, null);

    private JsonNode Send(HttpMethod method, string id, string? body) => _case.Do(async () =>
    {
        var version = id.Contains("Authorization", StringComparison.Ordinal) ? "2022-04-01" : "2023-09-01";
        using var request = new HttpRequestMessage(method, new Uri($"https://arm.sandbox/{id.TrimStart('/')}?api-version={version}"))
        {
            Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
        };
        using var answer = await _case.Cloud.Http.SendAsync(request, CancellationToken.None);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{method} {id}: {answer.StatusCode} {text}");

        // Long enough for what takes time.
        await Task.Delay(TimeSpan.FromMinutes(5), _case.Time);
        return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;
    });
}
