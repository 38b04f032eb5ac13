namespace Ebb.Tests.Sandbox.Azure.Network;

public sealed class NetworkPartsTests
{
    private const string Ssh = """{"name":"ssh","properties":{"protocol":"tcp","sourcePortRange":"*","destinationPortRange":"22","sourceAddressPrefix":"*","destinationAddressPrefix":"*","access":"Allow","priority":1000,"direction":"Inbound"}}""";

    [Fact]
    public async Task A_security_group_has_its_rules_and_the_six_that_each_has()
    {
        using var lab = await NetworkLab.StartAsync();

        await lab.PutAsync("networkSecurityGroups/nsg", $$"""{"securityRules":[{{Ssh}}]}""");
        var group = await lab.PropertiesAsync("networkSecurityGroups/nsg");

        var rule = Assert.Single(group["securityRules"]!.AsArray())!;
        Assert.Equal($"{lab.Root}/networkSecurityGroups/nsg/securityRules/ssh", rule["id"]!.GetValue<string>());
        Assert.Equal("Tcp", rule["properties"]!["protocol"]!.GetValue<string>());
        Assert.Empty(rule["properties"]!["sourceAddressPrefixes"]!.AsArray());
        Assert.Equal([65000, 65001, 65500, 65000, 65001, 65500], group["defaultSecurityRules"]!.AsArray().Select(r => r!["properties"]!["priority"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Two_rules_of_one_direction_have_different_priorities()
    {
        using var lab = await NetworkLab.StartAsync();
        await lab.PutAsync("networkSecurityGroups/nsg", $$"""{"securityRules":[{{Ssh}}]}""");
        var same = Ssh[(Ssh.IndexOf("properties", StringComparison.Ordinal) + 12)..^1];

        var conflict = await lab.PutAsync("networkSecurityGroups/nsg/securityRules/other", same);
        var outbound = await lab.PutAsync("networkSecurityGroups/nsg/securityRules/out", same.Replace("Inbound", "Outbound", StringComparison.Ordinal));
        var low = await lab.PutAsync("networkSecurityGroups/nsg/securityRules/low", same.Replace("1000", "99", StringComparison.Ordinal));
        var port = await lab.PutAsync("networkSecurityGroups/nsg/securityRules/port", same.Replace("\"22\"", "\"22-\"", StringComparison.Ordinal).Replace("1000", "1001", StringComparison.Ordinal));

        Assert.Equal((400, "SecurityRuleConflict"), (conflict.Code, conflict.Error));
        Assert.Equal(201, outbound.Code);
        Assert.Equal((400, "SecurityRuleInvalidPriority"), (low.Code, low.Error));
        Assert.Equal((400, "SecurityRuleInvalidPortRange"), (port.Code, port.Error));
    }

    [Fact]
    public async Task A_security_group_in_use_names_its_users_and_stays()
    {
        using var lab = await NetworkLab.StartAsync();
        await lab.PutAsync("networkSecurityGroups/nsg", "{}");
        await lab.PutNetworkAsync($$$"""[{"name":"a","properties":{"addressPrefix":"10.1.0.0/24","networkSecurityGroup":{"id":"{{{lab.Root}}}/networkSecurityGroups/nsg"} } }]""");

        var refused = await lab.DeleteAsync("networkSecurityGroups/nsg");
        var group = await lab.PropertiesAsync("networkSecurityGroups/nsg");

        Assert.Equal((400, "InUseNetworkSecurityGroupCannotBeDeleted"), (refused.Code, refused.Error));
        Assert.Contains(lab.Subnet, refused.Message, StringComparison.Ordinal);
        Assert.Equal(lab.Subnet, Assert.Single(group["subnets"]!.AsArray())!["id"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_static_public_address_is_there_at_once_and_a_dynamic_one_while_it_is_held()
    {
        using var lab = await NetworkLab.StartAsync();
        await lab.PutNetworkAsync();
        await lab.PutAsync("publicIPAddresses/fixed", """{"publicIPAllocationMethod":"Static"}""", "\"sku\":{\"name\":\"Standard\"},");
        await lab.PutAsync("publicIPAddresses/loose", """{"publicIPAllocationMethod":"Dynamic"}""");

        var before = await lab.PropertiesAsync("publicIPAddresses/loose");
        await lab.PutInterfaceAsync("nic", more: $$"""
            "publicIPAddress":{"id":"{{lab.Root}}/publicIPAddresses/loose"},
            """);
        var held = await lab.PropertiesAsync("publicIPAddresses/loose");
        var inUse = await lab.DeleteAsync("publicIPAddresses/loose");
        await lab.DeleteAsync("networkInterfaces/nic");
        var after = await lab.PropertiesAsync("publicIPAddresses/loose");

        Assert.NotNull((await lab.PropertiesAsync("publicIPAddresses/fixed"))["ipAddress"]);
        Assert.Null(before["ipAddress"]);
        Assert.NotNull(held["ipAddress"]);
        Assert.Equal($"{lab.Root}/networkInterfaces/nic/ipConfigurations/ip", held["ipConfiguration"]!["id"]!.GetValue<string>());
        Assert.Equal((400, "PublicIPAddressCannotBeDeleted"), (inUse.Code, inUse.Error));
        Assert.Null(after["ipAddress"]);
    }

    [Fact]
    public async Task A_public_address_has_one_holder()
    {
        using var lab = await NetworkLab.StartAsync();
        await lab.PutNetworkAsync();
        await lab.PutAsync("publicIPAddresses/fixed", """{"publicIPAllocationMethod":"Static"}""");
        var with = $$"""
            "publicIpAddress":{"id":"{{lab.Root}}/publicIPAddresses/fixed"},
            """;
        await lab.PutInterfaceAsync("one", more: with);

        var again = await lab.PutInterfaceAsync("one", more: with);
        var second = await lab.PutInterfaceAsync("two", more: with);

        Assert.Equal(200, again.Code);
        Assert.Equal((400, "PublicIPAddressInUse"), (second.Code, second.Error));
    }

    [Fact]
    public async Task A_label_is_given_once_in_a_region()
    {
        using var lab = await NetworkLab.StartAsync();
        var check = $"{lab.Face.Subscription}/providers/Microsoft.Network/locations/eastus/CheckDnsNameAvailability?domainNameLabel=k3s";
        var free = await lab.Face.GetAsync(check);
        await lab.PutAsync("publicIPAddresses/one", """{"publicIPAllocationMethod":"Static","dnsSettings":{"domainNameLabel":"k3s"}}""");

        var taken = await lab.Face.GetAsync(check);
        var second = await lab.PutAsync("publicIPAddresses/two", """{"publicIPAllocationMethod":"Static","dnsSettings":{"domainNameLabel":"k3s"}}""");
        var bad = await lab.PutAsync("publicIPAddresses/two", """{"publicIPAllocationMethod":"Static","dnsSettings":{"domainNameLabel":"9s"}}""");

        Assert.True(free.Json["available"]!.GetValue<bool>());
        Assert.False(taken.Json["available"]!.GetValue<bool>());
        Assert.Equal("k3s.eastus.cloudapp.azure.com", (await lab.PropertiesAsync("publicIPAddresses/one"))["dnsSettings"]!["fqdn"]!.GetValue<string>());
        Assert.Equal((400, "DnsRecordInUse"), (second.Code, second.Error));
        Assert.Equal((400, "InvalidDomainNameLabel"), (bad.Code, bad.Error));
    }

    [Fact]
    public async Task The_parts_of_a_load_balancer_have_ids_and_know_their_members()
    {
        using var lab = await NetworkLab.StartAsync();
        await lab.PutNetworkAsync();
        await lab.PutAsync("publicIPAddresses/front", """{"publicIPAllocationMethod":"Static"}""");
        var self = $"{lab.Root}/loadBalancers/lb";

        var made = await lab.PutAsync("loadBalancers/lb", $$$"""
            {"frontendIPConfigurations":[{"name":"fe","properties":{"publicIPAddress":{"id":"{{{lab.Root}}}/publicIPAddresses/front"} } }],
             "backendAddressPools":[{"name":"be"}],
             "probes":[{"name":"p","properties":{"protocol":"Tcp","port":6443,"intervalInSeconds":15,"numberOfProbes":2} }],
             "loadBalancingRules":[{"name":"api","properties":{"frontendIPConfiguration":{"id":"{{{self}}}/frontendIPConfigurations/fe"},
               "backendAddressPool":{"id":"{{{self}}}/backendAddressPools/be"},"probe":{"id":"{{{self}}}/probes/p"},"protocol":"Tcp","frontendPort":6443,"backendPort":6443} }]}
            """);
        await lab.PutInterfaceAsync("nic", more: $$"""
            "loadBalancerBackendAddressPools":[{"id":"{{self}}/backendAddressPools/be"}],
            """);
        var balancer = await lab.PropertiesAsync("loadBalancers/lb");
        var pool = await lab.PropertiesAsync("loadBalancers/lb/backendAddressPools/be");
        var used = await lab.DeleteAsync("loadBalancers/lb");

        Assert.True(made.Code == 201, made.Text);
        Assert.Equal($"{self}/frontendIPConfigurations/fe", balancer["frontendIPConfigurations"]![0]!["id"]!.GetValue<string>());
        Assert.Equal($"{self}/loadBalancingRules/api", balancer["frontendIPConfigurations"]![0]!["properties"]!["loadBalancingRules"]![0]!["id"]!.GetValue<string>());
        Assert.Equal($"{lab.Root}/networkInterfaces/nic/ipConfigurations/ip", Assert.Single(pool["backendIPConfigurations"]!.AsArray())!["id"]!.GetValue<string>());
        Assert.Equal((400, "LoadBalancerInUse"), (used.Code, used.Error));
    }

    [Fact]
    public async Task A_rule_may_only_name_parts_of_its_balancer_that_are_there()
    {
        using var lab = await NetworkLab.StartAsync();

        var refused = await lab.PutAsync("loadBalancers/lb", $$$"""
            {"loadBalancingRules":[{"name":"api","properties":{"frontendIPConfiguration":{"id":"{{{lab.Root}}}/loadBalancers/lb/frontendIPConfigurations/none"},"protocol":"Tcp","frontendPort":1,"backendPort":1} }]}
            """);

        Assert.Equal((400, "InvalidResourceReference"), (refused.Code, refused.Error));
    }

    [Fact]
    public async Task Routes_are_kept_in_their_table()
    {
        using var lab = await NetworkLab.StartAsync();
        await lab.PutAsync("routeTables/table", "{}");

        var route = await lab.PutAsync("routeTables/table/routes/pods", """{"addressPrefix":"10.42.0.0/24","nextHopType":"virtualappliance","nextHopIpAddress":"10.1.0.4"}""");
        var bare = await lab.PutAsync("routeTables/table/routes/bare", """{"addressPrefix":"10.42.1.0/24","nextHopType":"VirtualAppliance"}""");
        var table = await lab.PropertiesAsync("routeTables/table");

        Assert.Equal(201, route.Code);
        Assert.Equal((400, "RouteInvalidNextHop"), (bare.Code, bare.Error));
        Assert.Equal("VirtualAppliance", Assert.Single(table["routes"]!.AsArray())!["properties"]!["nextHopType"]!.GetValue<string>());
    }
}
