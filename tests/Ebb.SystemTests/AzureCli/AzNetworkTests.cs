namespace Ebb.SystemTests.AzureCli;

[Collection(AzCommands.Name)]
public sealed class AzNetworkTests(AzWorld world)
{
    private static readonly string[] In = ["--resource-group", AzWorld.Group];

    [Fact]
    public async Task A_network_with_its_rules_addresses_and_interfaces_is_made_shown_and_taken_down()
    {
        var az = world.Hybrid;
        await az.RunAsync(["network", "nsg", "create", .. In, "--name", "guard"]);
        await az.RunAsync(["network", "nsg", "rule", "create", .. In, "--nsg-name", "guard", "--name", "ssh", "--priority", "1000",
            "--destination-port-ranges", "22", "--access", "Allow", "--protocol", "Tcp"]);
        await az.RunAsync(["network", "vnet", "create", .. In, "--name", "net", "--address-prefix", "10.1.0.0/16", "--subnet-name", "a", "--subnet-prefix", "10.1.0.0/24"]);
        await az.RunAsync(["network", "vnet", "subnet", "create", .. In, "--vnet-name", "net", "--name", "b", "--address-prefixes", "10.1.1.0/24"]);
        await az.RunAsync(["network", "public-ip", "create", .. In, "--name", "door", "--sku", "Standard", "--allocation-method", "Static", "--dns-name", "az-door"]);
        await az.RunAsync(["network", "nic", "create", .. In, "--name", "nic", "--vnet-name", "net", "--subnet", "a",
            "--network-security-group", "guard", "--public-ip-address", "door", "--private-ip-address", "10.1.0.10"]);

        var addresses = await az.JsonAsync(["network", "public-ip", "list", .. In]);
        var nics = await az.JsonAsync(["network", "nic", "list", .. In]);
        var rules = await az.LinesAsync("[].name", ["network", "nsg", "rule", "list", .. In, "--nsg-name", "guard"]);
        var (code, _, error) = await az.TryAsync(["network", "vnet", "delete", .. In, "--name", "net"]);

        // This az has commands that delete interfaces and addresses under neither profile.
        await world.Latest.RunAsync(["resource", "delete", .. In, "--name", "nic", "--resource-type", "Microsoft.Network/networkInterfaces"]);
        await az.RunAsync(["network", "vnet", "delete", .. In, "--name", "net"]);
        await world.Latest.RunAsync(["resource", "delete", .. In, "--name", "door", "--resource-type", "Microsoft.Network/publicIPAddresses"]);

        var door = addresses.AsArray().Single(a => (string)a!["name"]! == "door")!;
        Assert.Equal(("az-door.eastus.cloudapp.azure.com", "Succeeded"), ((string)door["dnsSettings"]!["fqdn"]!, (string)door["provisioningState"]!));
        Assert.NotNull(door["ipAddress"]);
        Assert.EndsWith("/networkInterfaces/nic/ipConfigurations/ipconfig1", (string)door["ipConfiguration"]!["id"]!, StringComparison.Ordinal);
        Assert.Equal("10.1.0.10", (string)Assert.Single(nics.AsArray())!["ipConfigurations"]![0]!["privateIpAddress"]!);
        Assert.Equal(["ssh"], rules);
        Assert.NotEqual(0, code);
        Assert.Contains("(InUseSubnetCannotBeDeleted)", error, StringComparison.Ordinal);
    }

    // az makes load balancers by a template of its own making.
    [Fact]
    public async Task A_load_balancer_is_made_by_the_template_that_az_writes()
    {
        var az = world.Hybrid;
        await az.RunAsync(["network", "public-ip", "create", .. In, "--name", "az-front", "--sku", "Standard", "--allocation-method", "Static"]);

        await az.RunAsync(["network", "lb", "create", .. In, "--name", "az-lb", "--sku", "Standard", "--public-ip-address", "az-front", "--frontend-ip-name", "fe", "--backend-pool-name", "be"]);
        var pools = await az.LinesAsync("[].backendAddressPools[].name", ["network", "lb", "list", .. In]);

        Assert.Equal(["be"], pools);
    }
}
