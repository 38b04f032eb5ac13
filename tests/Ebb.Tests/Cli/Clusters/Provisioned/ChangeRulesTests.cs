using System.Text.Json;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

public class ChangeRulesTests
{
    [Theory]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "sku.capacity", nameof(Effect.None))]
    [InlineData("microsoft.compute/VIRTUALMACHINESCALESETS", "sku.capacity", nameof(Effect.None))]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "sku.name", nameof(Effect.NewMachines))]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "tags.ebb-max", nameof(Effect.InPlace))]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "properties.virtualMachineProfile.priority", nameof(Effect.Replace))]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "properties.virtualMachineProfile.osProfile.customData", nameof(Effect.None))]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "properties.virtualMachineProfile.osProfile.linuxConfiguration.ssh.publicKeys[0].keyData", nameof(Effect.NewMachines))]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "properties.virtualMachineProfile.storageProfile.imageReference.sku", nameof(Effect.NewMachines))]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "properties.virtualMachineProfile.storageProfile.imageReference.offer", nameof(Effect.Replace))]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "properties.virtualMachineProfile.storageProfile.imageReference.publisher", nameof(Effect.Replace))]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "properties.virtualMachineProfile.storageProfile.osDisk.diskSizeGB", nameof(Effect.NewMachines))]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "properties.virtualMachineProfile.storageProfile.osDisk.diffDiskSettings", nameof(Effect.Replace))]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "properties.virtualMachineProfile.storageProfile.osDisk.diffDiskSettings.placement", nameof(Effect.Replace))]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "properties.virtualMachineProfile.billingProfile.maxPrice", "NewMachinesOnly")]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "zones[0]", nameof(Effect.Replace))]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "zones.0", nameof(Effect.Replace))]
    [InlineData("Microsoft.Compute/virtualMachines", "properties.hardwareProfile.vmSize", nameof(Effect.Restart))]
    [InlineData("Microsoft.Compute/virtualMachines", "properties.osProfile.customData", nameof(Effect.None))]
    [InlineData("Microsoft.Compute/virtualMachines", "properties.storageProfile.imageReference.sku", nameof(Effect.Replace))]
    [InlineData("Microsoft.Compute/virtualMachines", "properties.priority", nameof(Effect.Impossible))]
    [InlineData("Microsoft.Authorization/roleAssignments", "properties.principalId", nameof(Effect.None))]
    [InlineData("Microsoft.Storage/storageAccounts", "kind", nameof(Effect.Impossible))]
    [InlineData("Microsoft.Network/networkSecurityGroups", "properties.securityRules[2].properties.sourceAddressPrefixes[0]", nameof(Effect.InPlace))]
    [InlineData("Microsoft.Network/networkSecurityGroups", "properties.securityRules[ssh].properties.access", nameof(Effect.InPlace))]
    [InlineData("Microsoft.Network/virtualNetworks", "location", nameof(Effect.Impossible))]
    public void What_becomes_of_a_change_is_known_beforehand(string type, string path, string effect)
    {
        Assert.Equal(effect, ChangeRules.Of(type, new PropertyChange(path, null, null)).ToString());
    }

    [Theory]
    [InlineData("diskSizeGB", "32", "64", nameof(Effect.Restart))]
    [InlineData("diskSizeGB", "64", "32", nameof(Effect.Replace))]
    [InlineData("managedDisk.storageAccountType", "\"StandardSSD_LRS\"", "\"Premium_LRS\"", nameof(Effect.None))]
    [InlineData("managedDisk.storageAccountType", "\"Premium_LRS\"", "\"StandardSSD_LRS\"", nameof(Effect.Replace))]
    public void A_machines_disk_grows_and_nothing_else(string path, string before, string after, string effect)
    {
        var change = new PropertyChange($"properties.storageProfile.osDisk.{path}", Json(before), Json(after));

        Assert.Equal(effect, ChangeRules.Of("Microsoft.Compute/virtualMachines", change).ToString());
    }

    [Theory]
    [InlineData("singlePlacementGroup", "true", "false", nameof(Effect.InPlace))]
    [InlineData("singlePlacementGroup", "false", "true", nameof(Effect.None))]
    [InlineData("virtualMachineProfile.storageProfile.osDisk.managedDisk.storageAccountType", "\"StandardSSD_LRS\"", "\"Premium_LRS\"", nameof(Effect.Replace))]
    [InlineData("virtualMachineProfile.storageProfile.osDisk.managedDisk.storageAccountType", "\"Premium_LRS\"", "\"StandardSSD_LRS\"", nameof(Effect.Replace))]
    public void A_pool_keeps_the_kind_of_its_disks_and_may_only_spread(string path, string before, string after, string effect)
    {
        Assert.Equal(effect, ChangeRules.Of("Microsoft.Compute/virtualMachineScaleSets", new PropertyChange($"properties.{path}", Json(before), Json(after))).ToString());
    }

    [Theory]
    [InlineData("{\"option\":\"Local\"}", null)]
    [InlineData(null, "{\"option\":\"Local\"}")]
    public void Where_a_pools_disks_lie_is_never_filled_in(string? before, string? after)
    {
        var change = new PropertyChange("properties.virtualMachineProfile.storageProfile.osDisk.diffDiskSettings", Maybe(before), Maybe(after));

        Assert.Equal(Effect.Replace, ChangeRules.Of("Microsoft.Compute/virtualMachineScaleSets", change));
    }

    [Theory]
    [InlineData("10.1.128.0/18", "10.1.128.0/17", nameof(Effect.InPlace))]
    [InlineData("10.1.128.0/17", "10.1.128.0/18", nameof(Effect.Impossible))]
    [InlineData("10.1.128.0/17", "10.9.128.0/17", nameof(Effect.Impossible))]
    public void A_subnet_becomes_wider_and_nothing_else(string before, string after, string effect)
    {
        var change = new PropertyChange("properties.subnets[pools].properties.addressPrefix", Json($"\"{before}\""), Json($"\"{after}\""));

        Assert.Equal(effect, ChangeRules.Of("Microsoft.Network/virtualNetworks", change).ToString());
    }

    [Theory]

    // Filled in by the provider, and not in the template.
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "sku.tier", "\"Standard\"", null)]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "properties.virtualMachineProfile.osProfile.requireGuestProvisionSignal", "true", null)]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "properties.virtualMachineProfile.storageProfile.osDisk.osType", "\"Linux\"", null)]
    [InlineData("Microsoft.Compute/virtualMachines", "properties.osProfile.secrets", "[]", null)]
    [InlineData("Microsoft.Compute/virtualMachines", "properties.storageProfile.osDisk.name", "\"farm_OsDisk_1_c0ffee\"", null)]
    [InlineData("Microsoft.Compute/virtualMachines", "properties.storageProfile.dataDisks", "[]", null)]
    [InlineData("Microsoft.Network/virtualNetworks", "properties.subnets.0.properties.privateEndpointNetworkPolicies", "\"Disabled\"", null)]
    [InlineData("Microsoft.Network/virtualNetworks", "properties.subnets[0].properties.delegations", "[]", null)]
    [InlineData("Microsoft.Network/virtualNetworks", "properties.enableDdosProtection", "false", null)]
    [InlineData("Microsoft.Network/networkSecurityGroups", "properties.securityRules.3.properties.sourceAddressPrefixes", "[]", null)]
    [InlineData("Microsoft.Network/publicIPAddresses", "sku.tier", "\"Regional\"", null)]
    [InlineData("Microsoft.Network/networkInterfaces", "kind", "\"Regular\"", null)]
    [InlineData("Microsoft.Storage/storageAccounts", "properties.encryption", "{\"keySource\":\"Microsoft.Storage\"}", null)]
    [InlineData("Microsoft.Storage/storageAccounts", "tags.cost-center", "\"42\"", null)]

    // The same, written otherwise.
    [InlineData("Microsoft.Network/virtualNetworks", "location", "\"West Europe\"", "\"westeurope\"")]
    [InlineData("Microsoft.Compute/virtualMachines", "properties.hardwareProfile.vmSize", "\"Standard_D2S_v5\"", "\"Standard_D2s_v5\"")]
    [InlineData("Microsoft.Network/networkSecurityGroups", "properties.securityRules.0.properties.destinationPortRange", "\"22\"", "22")]
    [InlineData("Microsoft.Network/networkSecurityGroups", "properties.securityRules.0.properties.sourceAddressPrefixes.1", "\"2001:db8:0::/48\"", "\"2001:DB8::/48\"")]
    [InlineData("Microsoft.Network/networkInterfaces", "properties.enableAcceleratedNetworking", null, "false")]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "properties.virtualMachineProfile.osProfile.adminPassword", "\"*******\"", "\"*******\"")]

    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "properties.virtualMachineProfile.billingProfile.maxPrice", "-1.0", "-1")]

    // A secret parameter's value, and what a provider never gives out.
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "properties.virtualMachineProfile.osProfile.customData", null, "\"*******\"")]
    [InlineData("Microsoft.Compute/virtualMachines", "properties.osProfile.adminPassword", null, "\"*******\"")]

    // Deployments leave the card of a machine as it is.
    [InlineData("Microsoft.Network/networkInterfaces", "properties.enableAcceleratedNetworking", "true", "false")]
    [InlineData("Microsoft.Network/networkInterfaces", "properties.enableAcceleratedNetworking", "false", "true")]

    // Of a machine that is deallocated.
    [InlineData("Microsoft.Compute/virtualMachines", "properties.storageProfile.osDisk.diskSizeGB", null, "64")]
    [InlineData("Microsoft.Compute/virtualMachines", "properties.storageProfile.osDisk.managedDisk.storageAccountType", null, "\"Premium_LRS\"")]

    // Not evaluated before it is deployed.
    [InlineData("Microsoft.Network/loadBalancers", "properties.frontendIPConfigurations.0.properties.publicIPAddress.id", "\"/subscriptions/s/x\"", "\"[reference('x').id]\"")]
    public void What_Azure_fills_in_or_writes_otherwise_is_no_change(string type, string path, string? before, string? after)
    {
        Assert.Equal(Effect.None, ChangeRules.Of(type, new PropertyChange(path, Maybe(before), Maybe(after))));
    }

    [Theory]
    [InlineData("Microsoft.Storage/storageAccounts", "properties.allowBlobPublicAccess", "true", "false")]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "tags.ebb-keep-warm", "\"3\"", null)]
    [InlineData("Microsoft.Compute/virtualMachineScaleSets", "tags.ebb-pool", "\"Agents\"", "\"agents\"")]
    [InlineData("Microsoft.Network/networkSecurityGroups", "properties.securityRules.4", "{\"name\":\"back-door\"}", null)]
    [InlineData("Microsoft.Network/networkSecurityGroups", "properties.securityRules[0].properties.sourceAddressPrefixes[1]", "\"0.0.0.0/0\"", null)]
    [InlineData("Microsoft.Network/virtualNetworks", "properties.subnets.1.properties.networkSecurityGroup.id", null, "\"/subscriptions/s/x\"")]
    [InlineData("Microsoft.Network/networkInterfaces", "properties.enableIPForwarding", "true", "false")]
    [InlineData("Microsoft.Network/publicIPAddresses", "properties.idleTimeoutInMinutes", "4", "30")]
    [InlineData("Microsoft.Network/networkSecurityGroups", "properties.securityRules[ssh].properties.sourceAddressPrefix", "\"10.0.0.1\"", "\"*\"")]
    public void What_deploying_would_change_is_a_change(string type, string path, string? before, string? after)
    {
        Assert.Equal(Effect.InPlace, ChangeRules.Of(type, new PropertyChange(path, Maybe(before), Maybe(after))));
    }

    [Fact]
    public void A_pool_that_the_file_dropped_is_deleted_and_nothing_else()
    {
        var changes = ClusterChanges.Of(
            "farm-compute",
            [
                Ignored("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/gpu"),
                Ignored("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/theirs"),
                Ignored("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/farm-control-plane-2"),
                Ignored("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkInterfaces/farm-control-plane-2"),
            ],
            id => !id.EndsWith("theirs", StringComparison.Ordinal));

        Assert.Equal((ChangeAction.Delete, "gpu"), Assert.Single(changes.Select(c => (c.Action, c.Name))));
    }

    [Fact]
    public void The_worst_of_several_changes_is_what_happens_to_the_resource()
    {
        var change = new ResourceChange
        {
            Id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/agents",
            Kind = ChangeKind.Modify,
            Properties =
            [
                new PropertyChange("sku.capacity", Json("1"), Json("3")),
                new PropertyChange("tags.ebb-max", Json("\"10\""), Json("\"20\"")),
                new PropertyChange("properties.virtualMachineProfile.priority", Json("\"Spot\""), Json("\"Regular\"")),
            ],
        };

        var only = Assert.Single(ClusterChanges.Of("g", [change], _ => true));

        Assert.Equal(ChangeAction.Replace, only.Action);
        Assert.Equal(["tags.ebb-max: 10 → 20", "properties.virtualMachineProfile.priority: Spot → Regular"], only.Parts.Select(p => p.What));
    }

    [Theory]
    [InlineData("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/a", "Microsoft.Compute/virtualMachines", "a", true)]
    [InlineData("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/fileServices/default/shares/srv", "Microsoft.Storage/storageAccounts/fileServices/shares", "a/default/srv", false)]
    [InlineData("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/providers/Microsoft.Authorization/roleAssignments/r", "Microsoft.Authorization/roleAssignments", "r", false)]
    public void Ids_are_taken_apart(string id, string type, string name, bool listed)
    {
        Assert.Equal((type, name), ResourceId.Split(id));
        Assert.Equal(listed, ResourceId.IsListed(id));
    }

    private static ResourceChange Ignored(string id) => new() { Id = id, Kind = ChangeKind.Ignore };

    private static JsonElement? Maybe(string? text) => text is null ? null : Json(text);

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement.Clone();
}
