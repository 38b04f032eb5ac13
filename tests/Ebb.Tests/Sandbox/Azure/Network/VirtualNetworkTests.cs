using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure.Network;

public sealed class VirtualNetworkTests
{
    [Fact]
    public async Task A_network_is_made_with_its_subnets_which_are_resources_too()
    {
        using var lab = await NetworkLab.StartAsync();

        var made = await lab.PutNetworkAsync();
        var network = await lab.GetAsync("virtualNetworks/net");
        var subnet = await lab.GetAsync("virtualNetworks/net/subnets/a");

        Assert.Equal(201, made.Code);
        Assert.Equal("Updating", made.Json["properties"]!["provisioningState"]!.GetValue<string>());
        Assert.Contains("/providers/Microsoft.Network/locations/eastus/operations/", made.Headers["Azure-AsyncOperation"], StringComparison.Ordinal);
        Assert.Equal("Succeeded", network.Json["properties"]!["provisioningState"]!.GetValue<string>());
        Assert.StartsWith("W/\"", network.Headers["ETag"], StringComparison.Ordinal);
        var inBody = Assert.Single(network.Json["properties"]!["subnets"]!.AsArray())!;
        Assert.Equal(lab.Subnet, inBody["id"]!.GetValue<string>());
        Assert.Equal(subnet.Json.ToJsonString(), inBody.ToJsonString());
    }

    [Theory]
    [InlineData("10.1.0.0/24", "10.1.0.128/25", "NetcfgSubnetRangesOverlap")]
    [InlineData("10.1.0.0/24", "10.2.0.0/24", "NetcfgSubnetRangeOutsideVnet")]
    [InlineData("10.1.0.0/24", "10.1.1.0/30", "NetcfgInvalidSubnet")]
    [InlineData("10.1.0.0/24", "10.1.1.7/24", "InvalidCIDRNotation")]
    [InlineData("10.1.0.0/24", "10.1.1.0", "InvalidCIDRNotation")]
    public async Task Subnets_that_do_not_fit_are_refused_in_the_network_and_by_themselves(string first, string second, string code)
    {
        using var lab = await NetworkLab.StartAsync();

        var together = await lab.PutNetworkAsync($$$"""[{"name":"a","properties":{"addressPrefix":"{{{first}}}"} },{"name":"b","properties":{"addressPrefix":"{{{second}}}"} }]""");
        await lab.PutNetworkAsync($$$"""[{"name":"a","properties":{"addressPrefix":"{{{first}}}"} }]""");
        var alone = await lab.PutAsync("virtualNetworks/net/subnets/b", $$"""{"addressPrefix":"{{second}}"}""");

        Assert.Equal((400, code), (together.Code, together.Error));
        Assert.Equal((400, code), (alone.Code, alone.Error));
    }

    [Fact]
    public async Task A_subnet_put_by_itself_appears_in_its_network_and_goes_again()
    {
        using var lab = await NetworkLab.StartAsync();
        await lab.PutNetworkAsync();

        var put = await lab.PutAsync("virtualNetworks/net/subnets/b", """{"addressPrefix":"10.1.1.0/24"}""");
        var with = await lab.PropertiesAsync("virtualNetworks/net");
        var deleted = await lab.DeleteAsync("virtualNetworks/net/subnets/b");
        var without = await lab.PropertiesAsync("virtualNetworks/net");

        Assert.Equal(201, put.Code);
        Assert.Equal(["a", "b"], with["subnets"]!.AsArray().Select(s => s!["name"]!.GetValue<string>()));
        Assert.Equal(202, deleted.Code);
        Assert.Equal(["a"], without["subnets"]!.AsArray().Select(s => s!["name"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_put_that_says_nothing_of_subnets_leaves_them_and_one_that_leaves_one_out_removes_it()
    {
        using var lab = await NetworkLab.StartAsync();
        await lab.PutNetworkAsync("""[{"name":"a","properties":{"addressPrefix":"10.1.0.0/24"}},{"name":"b","properties":{"addressPrefix":"10.1.1.0/24"}}]""");

        await lab.PutAsync("virtualNetworks/net", """{"addressSpace":{"addressPrefixes":["10.1.0.0/16"]}}""");
        var kept = await lab.PropertiesAsync("virtualNetworks/net");
        await lab.PutNetworkAsync();
        var gone = await lab.GetAsync("virtualNetworks/net/subnets/b");

        Assert.Equal(2, kept["subnets"]!.AsArray().Count);
        Assert.Equal(404, gone.Code);
    }

    [Fact]
    public async Task What_is_in_use_is_neither_deleted_nor_left_out_nor_made_smaller()
    {
        using var lab = await NetworkLab.StartAsync();
        await lab.PutNetworkAsync();
        await lab.PutInterfaceAsync("nic", "10.1.0.200");

        var subnet = await lab.DeleteAsync("virtualNetworks/net/subnets/a");
        var network = await lab.DeleteAsync("virtualNetworks/net");
        var leftOut = await lab.PutNetworkAsync("[]");
        var smaller = await lab.PutNetworkAsync("""[{"name":"a","properties":{"addressPrefix":"10.1.0.0/25"}}]""");

        Assert.Equal((400, "InUseSubnetCannotBeDeleted"), (subnet.Code, subnet.Error));
        Assert.Equal((400, "InUseSubnetCannotBeDeleted"), (network.Code, network.Error));
        Assert.Equal((400, "InUseSubnetCannotBeDeleted"), (leftOut.Code, leftOut.Error));
        Assert.Equal((400, "InUsePrefixCannotBeDeleted"), (smaller.Code, smaller.Error));
    }

    [Fact]
    public async Task Addresses_are_given_out_from_the_fifth_on_and_kept()
    {
        using var lab = await NetworkLab.StartAsync();
        await lab.PutNetworkAsync();

        await lab.PutInterfaceAsync("one");
        await lab.PutInterfaceAsync("fixed", "10.1.0.5");
        await lab.PutInterfaceAsync("two");
        await lab.DeleteAsync("networkInterfaces/one");
        await lab.PutInterfaceAsync("two");
        await lab.PutInterfaceAsync("three");

        Assert.Equal("10.1.0.6", await lab.AddressAsync("two"));
        Assert.Equal("10.1.0.4", await lab.AddressAsync("three"));
        Assert.Equal(
            [$"{lab.Root}/networkInterfaces/fixed/ipConfigurations/ip", $"{lab.Root}/networkInterfaces/three/ipConfigurations/ip", $"{lab.Root}/networkInterfaces/two/ipConfigurations/ip"],
            (await lab.PropertiesAsync("virtualNetworks/net/subnets/a"))["ipConfigurations"]!.AsArray().Select(c => c!["id"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData("10.1.0.9", "PrivateIPAddressIsAllocated")]
    [InlineData("10.1.0.3", "PrivateIPAddressInReservedRange")]
    [InlineData("10.1.0.255", "PrivateIPAddressInReservedRange")]
    [InlineData("10.1.1.9", "PrivateIPAddressNotInSubnet")]
    [InlineData("10.1.0.009", "InvalidIPAddressFormat")]
    public async Task An_address_that_cannot_be_had_is_refused(string address, string code)
    {
        using var lab = await NetworkLab.StartAsync();
        await lab.PutNetworkAsync();
        await lab.PutInterfaceAsync("other", "10.1.0.9");

        var refused = await lab.PutInterfaceAsync("nic", address);

        Assert.Equal((400, code), (refused.Code, refused.Error));
    }

    [Fact]
    public async Task A_full_subnet_gives_no_address()
    {
        using var lab = await NetworkLab.StartAsync();
        await lab.PutNetworkAsync("""[{"name":"a","properties":{"addressPrefix":"10.1.0.0/29"}}]""");

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(201, (await lab.PutInterfaceAsync($"nic{i}")).Code);
        }

        var full = await lab.PutInterfaceAsync("more");

        Assert.Equal((400, "SubnetIsFull"), (full.Code, full.Error));
    }

    [Fact]
    public async Task Whether_an_address_is_free_can_be_asked()
    {
        using var lab = await NetworkLab.StartAsync();
        await lab.PutNetworkAsync();
        await lab.PutInterfaceAsync("nic", "10.1.0.10");

        var taken = await lab.GetAsync("virtualNetworks/net/CheckIPAddressAvailability?ipAddress=10.1.0.10");
        var free = await lab.GetAsync("virtualNetworks/net/CheckIPAddressAvailability?ipAddress=10.1.0.11");

        Assert.False(taken.Json["available"]!.GetValue<bool>());
        Assert.Equal("10.1.0.4", taken.Json["availableIPAddresses"]![0]!.GetValue<string>());
        Assert.True(free.Json["available"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_reference_to_what_is_not_there_is_refused_also_within_a_subnet()
    {
        using var lab = await NetworkLab.StartAsync();

        var subnet = await lab.PutNetworkAsync($$$"""[{"name":"a","properties":{"addressPrefix":"10.1.0.0/24","networkSecurityGroup":{"id":"{{{lab.Root}}}/networkSecurityGroups/none"} } }]""");
        var nic = await lab.PutInterfaceAsync("nic");

        Assert.Equal((400, "InvalidResourceReference"), (subnet.Code, subnet.Error));
        Assert.Equal((400, "InvalidResourceReference"), (nic.Code, nic.Error));
    }

    [Fact]
    public async Task A_write_with_an_old_entity_tag_is_refused()
    {
        using var lab = await NetworkLab.StartAsync();
        await lab.PutNetworkAsync();
        var tag = (await lab.GetAsync("virtualNetworks/net")).Headers["ETag"];
        await lab.PutAsync("virtualNetworks/net/subnets/b", """{"addressPrefix":"10.1.1.0/24"}""");

        var stale = await lab.Face.PutAsync($"{lab.Root}/virtualNetworks/net", """{"location":"eastus","properties":{"addressSpace":{"addressPrefixes":["10.1.0.0/16"]}}}""", tag);

        Assert.Equal((412, "PreconditionFailed"), (stale.Code, stale.Error));
    }

    [Fact]
    public async Task Machines_of_a_scale_set_get_addresses_of_their_subnet()
    {
        using var lab = await NetworkLab.StartAsync();
        await lab.PutNetworkAsync();
        await lab.PutInterfaceAsync("nic");
        var model = Lab.Spec(2).ToModel("eastus");
        model["properties"]!["virtualMachineProfile"]!["networkProfile"] = System.Text.Json.Nodes.JsonNode.Parse($$$"""
            {"networkInterfaceConfigurations":[{"name":"eth","properties":{"primary":true,"ipConfigurations":[{"name":"ip","properties":{"subnet":{"id":"{{{lab.Subnet}}}"},"publicIPAddressConfiguration":{"name":"pub"} } }] } }]}
            """);

        lab.Face.Cloud.World.CreateOrUpdateScaleSet(Lab.Group, Lab.Set, model);
        lab.Face.Cloud.Pass(minutes: 5);
        await lab.PutInterfaceAsync("later");

        Assert.Equal(["10.1.0.5", "10.1.0.6"], lab.Face.Cloud.Current.Instances.Values.Select(i => i.Address).Order(StringComparer.Ordinal));
        Assert.Equal("10.1.0.7", await lab.AddressAsync("later"));
        var nics = await lab.Face.GetAsync($"{lab.Face.Set}/networkInterfaces");
        var addresses = await lab.Face.GetAsync($"{lab.Face.Set}/publicipaddresses");
        var one = await lab.Face.GetAsync($"{lab.Face.Set}/virtualMachines/0/networkInterfaces/eth/ipConfigurations/ip/publicIPAddresses/pub");
        Assert.Equal(lab.Subnet, (string)nics.Json["value"]![0]!["properties"]!["ipConfigurations"]![0]!["properties"]!["subnet"]!["id"]!);
        Assert.Equal(2, addresses.Json["value"]!.AsArray().Select(a => (string)a!["properties"]!["ipAddress"]!).Distinct().Count());
        Assert.Equal(addresses.Json["value"]![0]!.ToJsonString(), one.Json.ToJsonString());
    }

    [Fact]
    public async Task Usages_count_what_there_is_against_what_there_may_be()
    {
        using var lab = await NetworkLab.StartAsync(new CloudOptions { Quotas = System.Collections.Immutable.ImmutableSortedDictionary<string, int>.Empty.Add("PublicIPAddresses", 1) });
        await lab.PutAsync("publicIPAddresses/one", """{"publicIPAllocationMethod":"Static"}""");

        var usages = await lab.Face.GetAsync($"{lab.Face.Subscription}/providers/Microsoft.Network/locations/eastus/usages");
        var second = await lab.PutAsync("publicIPAddresses/two", """{"publicIPAllocationMethod":"Static"}""");

        var usage = usages.Json["value"]!.AsArray().Single(u => u!["name"]!["value"]!.GetValue<string>() == "PublicIPAddresses")!;
        Assert.Equal((1, 1), (usage["currentValue"]!.GetValue<int>(), usage["limit"]!.GetValue<int>()));
        Assert.Equal((400, "PublicIPCountLimitReached"), (second.Code, second.Error));
    }
}
