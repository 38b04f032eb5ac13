using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>Answers as Azure gives them: with what it fills in, sorts, hides and takes for a change that is none.</summary>
public class ComparisonTests
{
    private const string Group = "/subscriptions/s/resourceGroups/FARM-COMPUTE/providers/";

    private const string Rules = """
        {"type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2023-09-01", "name": "farm", "location": "[parameters('location')]",
         "tags": {"ebb-cluster": "farm"},
         "properties": {"securityRules": [
           {"name": "ssh", "properties": {"priority": 100, "access": "Allow", "sourceAddressPrefixes": "[parameters('sshFrom')]", "destinationPortRange": "22"}},
           {"name": "api", "properties": {"priority": 110, "access": "Allow", "sourceAddressPrefix": "*", "destinationPortRange": "6443"}}]}}
        """;

    [Fact]
    public void Rules_that_come_back_sorted_by_name_with_defaults_are_the_same_rules()
    {
        Assert.Empty(Found(Rules, before: RulesAs(), after: RulesAfter));
    }

    [Fact]
    public void A_rule_of_somebody_else_is_one_difference_wherever_it_stands()
    {
        var before = RulesAs("""{"name": "a-back-door", "properties": {"priority": 4000, "access": "Allow", "sourceAddressPrefix": "*"}},""");

        var only = Assert.Single(Found(Rules, before, RulesAfter));

        Assert.Equal(("properties.securityRules[0]", (JsonElement?)null), (only.Path, only.After));
        Assert.Equal("a-back-door", only.Before!.Value.GetProperty("name").GetString());
    }

    [Fact]
    public void A_rule_that_was_opened_is_named()
    {
        var only = Assert.Single(Found(Rules, RulesAs().Replace("203.0.113.7/32", "0.0.0.0/0", StringComparison.Ordinal), RulesAfter)
            .Where(p => p.After is not null));

        Assert.Equal("properties.securityRules[ssh].properties.sourceAddressPrefixes[0]", only.Path);
    }

    [Fact]
    public void A_default_that_the_template_does_not_say_is_no_difference_whatever_Azure_makes_of_it()
    {
        const string network = """
            {"type": "Microsoft.Network/virtualNetworks", "name": "farm", "tags": {}, "properties": {
              "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
              "subnets": [{"name": "pools", "properties": {"addressPrefix": "10.1.8.0/21"}}]}}
            """;
        const string before = """
            {"tags": {"cost-center": "42"}, "properties": {"provisioningState": "Succeeded", "enableDdosProtection": false, "virtualNetworkPeerings": [],
              "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
              "subnets": [{"name": "pools", "id": "/x", "etag": "W/\"1\"", "properties": {"addressPrefix": "10.1.8.0/21", "delegations": [],
                "privateEndpointNetworkPolicies": "Disabled", "privateLinkServiceNetworkPolicies": "Enabled", "ipConfigurations": [{"id": "/y"}]}}]}}
            """;
        const string after = """
            {"tags": {}, "properties": {"enableDdosProtection": true, "privateEndpointVNetPolicies": "Disabled",
              "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
              "subnets": [{"name": "pools", "properties": {"addressPrefix": "10.1.8.0/21", "privateEndpointNetworkPolicies": "Enabled"}}]}}
            """;

        Assert.DoesNotContain(Found(network, before, after), part => ChangeRules.Of("Microsoft.Network/virtualNetworks", part) is not Effect.None);
    }

    [Fact]
    public void What_a_scale_set_never_gives_out_or_writes_otherwise_is_no_difference_and_what_was_changed_is()
    {
        const string set = """
            {"type": "Microsoft.Compute/virtualMachineScaleSets", "name": "agents", "tags": {"ebb-max": "10"}, "sku": {"name": "Standard_D2s_v5", "tier": "Standard", "capacity": 1},
             "properties": {"overprovision": false, "virtualMachineProfile": {
               "osProfile": {"adminUsername": "[parameters('user')]", "customData": "[parameters('customData')['agents']]", "linuxConfiguration": "[variables('linux')]"},
               "billingProfile": {"maxPrice": -1}}}}
            """;
        const string before = """
            {"tags": {"ebb-max": "12", "ebb-keep-warm": "2"}, "sku": {"name": "Standard_D2s_v5", "tier": "Standard", "capacity": 7},
             "properties": {"overprovision": false, "provisioningState": "Succeeded", "uniqueId": "u", "virtualMachineProfile": {
               "timeCreated": "2026-01-01T00:00:00+00:00", "billingProfile": {"maxPrice": -1.0},
               "osProfile": {"adminUsername": "ebb", "secrets": [], "allowExtensionOperations": true, "requireGuestProvisionSignal": true,
                 "linuxConfiguration": {"disablePasswordAuthentication": true, "provisionVMAgent": true, "ssh": {"publicKeys": [{"path": "/home/ebb/.ssh/authorized_keys", "keyData": "ssh-ed25519 A"}]}}}}}}
            """;
        const string after = """
            {"tags": {"ebb-max": "10"}, "sku": {"name": "Standard_D2s_v5", "tier": "Standard", "capacity": 7},
             "properties": {"overprovision": false, "virtualMachineProfile": {"billingProfile": {"maxPrice": -1},
               "osProfile": {"adminUsername": "ebb", "customData": "*******",
                 "linuxConfiguration": {"disablePasswordAuthentication": true, "ssh": {"publicKeys": [{"path": "/home/ebb/.ssh/authorized_keys", "keyData": "ssh-ed25519 A"}]}}}}}}
            """;

        var parts = Found(set, before, after).Where(part => ChangeRules.Of("Microsoft.Compute/virtualMachineScaleSets", part) is not Effect.None);

        Assert.Equal(["tags.ebb-keep-warm", "tags.ebb-max"], parts.Select(part => part.Path).Order());
    }

    [Fact]
    public void Where_Azure_does_not_show_both_states_its_own_list_counts()
    {
        var change = new ResourceChange
        {
            Id = Group + "Microsoft.Network/networkSecurityGroups/farm",
            Kind = ChangeKind.Modify,
            Properties = [new PropertyChange("properties.securityRules.1", null, Json("{}"))],
        };

        Assert.Equal("properties.securityRules.1", Assert.Single(Assert.Single(Comparison.Refine([change], Reading(Rules))).Properties).Path);
    }

    private const string RulesAfter = """
        {"location": "westeurope", "tags": {"ebb-cluster": "farm"}, "properties": {"securityRules": [
           {"name": "ssh", "properties": {"priority": 100, "access": "Allow", "sourceAddressPrefixes": ["203.0.113.7/32", "198.51.100.0/24"], "destinationPortRange": "22"}},
           {"name": "api", "properties": {"priority": 110, "access": "Allow", "sourceAddressPrefix": "*", "destinationPortRange": "6443"}}]}}
        """;

    private static string RulesAs(string first = "") => $$$"""
        {"location": "westeurope", "etag": "W/\"1\"", "tags": {"ebb-cluster": "farm"}, "properties": {"provisioningState": "Succeeded", "securityRules": [
           {{{first}}}
           {"name": "api", "etag": "W/\"1\"", "properties": {"provisioningState": "Succeeded", "priority": 110, "access": "Allow", "sourceAddressPrefix": "*", "sourceAddressPrefixes": [], "destinationPortRange": "6443"}},
           {"name": "ssh", "etag": "W/\"1\"", "properties": {"provisioningState": "Succeeded", "priority": 100, "access": "Allow", "sourceAddressPrefixes": ["198.51.100.0/24", "203.0.113.7/32"], "destinationPortRange": "22"}}]}}
        """;

    private static ImmutableArray<PropertyChange> Found(string resource, string before, string after)
    {
        var reading = Reading(resource);
        var written = Assert.Single(reading.Resources);
        var change = new ResourceChange
        {
            Id = $"{Group}{written["type"]}/{written["name"]}",
            Kind = ChangeKind.Modify,
            Before = Json(before),
            After = Json(after),

            // By position, as Azure tells it: not to be believed.
            Properties = [new PropertyChange("properties.securityRules.0.name", Json("\"api\""), Json("\"ssh\""))],
        };
        return Assert.Single(Comparison.Refine([change], reading)).Properties;
    }

    private static TemplateReading Reading(string resource) => new(
        new JsonObject
        {
            ["variables"] = JsonNode.Parse("""{"linux": {"disablePasswordAuthentication": true, "ssh": {"publicKeys": "[parameters('sshPublicKeys')]"}}}"""),
            ["resources"] = new JsonArray(JsonNode.Parse(resource)),
        },
        JsonNode.Parse("""{"sshFrom": {"value": ["203.0.113.7/32", "198.51.100.0/24"]}, "sshPublicKeys": {"value": []}, "location": {"value": "westeurope"}}""")!.AsObject());

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement.Clone();
}
