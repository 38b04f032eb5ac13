using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure;
using Ebb.Tests.Sandbox.Azure.Network;
using Ebb.Tests.Sandbox.Azure.Storage;

namespace Ebb.Tests.Sandbox.Azure;

public sealed class HostileResourceTests
{
    private const string Net = "Microsoft.Network";

    /// <summary>By its path under the group's providers, a body of each type with all that is read of it. "#" is the group's path.</summary>
    public static TheoryData<string, string> Bodies => new()
    {
        { $"{Net}/virtualNetworks/odd", """
            {"location":"eastus","tags":{"a":"b"},"properties":{"addressSpace":{"addressPrefixes":["10.2.0.0/16"]},"dhcpOptions":{"dnsServers":["10.2.0.9"]},"enableDdosProtection":false,
             "subnets":[{"name":"s","properties":{"addressPrefix":"10.2.0.0/24","networkSecurityGroup":{"id":"#/Microsoft.Network/networkSecurityGroups/guard"},
               "delegations":[{"name":"d","properties":{"serviceName":"x"}}],"serviceEndpoints":[{"service":"Microsoft.Storage"}]}}]}}
            """ },
        { $"{Net}/virtualNetworks/net/subnets/odd", """{"name":"odd","properties":{"addressPrefix":"10.1.9.0/24","delegations":[{"name":"d","properties":{"serviceName":"x"}}]}}""" },
        { $"{Net}/networkSecurityGroups/odd", """
            {"location":"eastus","properties":{"securityRules":[{"name":"r","properties":{"protocol":"Tcp","sourcePortRange":"*","destinationPortRanges":["22","80-90"],"sourceAddressPrefixes":["10.0.0.0/8"],
              "destinationAddressPrefix":"*","access":"Allow","priority":100,"direction":"Inbound","description":"d"}}]}}
            """ },
        { $"{Net}/networkSecurityGroups/guard/securityRules/odd", """
            {"properties":{"protocol":"Tcp","sourcePortRange":"*","destinationPortRange":"22","sourceAddressPrefix":"*","destinationAddressPrefix":"*","access":"Allow","priority":100,"direction":"Inbound"}}
            """ },
        { $"{Net}/routeTables/odd", """{"location":"eastus","properties":{"disableBgpRoutePropagation":true,"routes":[{"name":"r","properties":{"addressPrefix":"10.0.0.0/8","nextHopType":"VirtualAppliance","nextHopIpAddress":"10.1.0.4"}}]}}""" },
        { $"{Net}/publicIPAddresses/odd", """
            {"location":"eastus","sku":{"name":"Standard","tier":"Regional"},"zones":["1"],"properties":{"publicIPAllocationMethod":"Static","publicIPAddressVersion":"IPv4","idleTimeoutInMinutes":4,
             "dnsSettings":{"domainNameLabel":"label"},"ipAddress":"1.2.3.4","ipTags":[]}}
            """ },
        { $"{Net}/networkInterfaces/odd", """
            {"location":"eastus","properties":{"enableIPForwarding":true,"dnsSettings":{"dnsServers":[]},"networkSecurityGroup":{"id":"#/Microsoft.Network/networkSecurityGroups/guard"},
             "ipConfigurations":[{"name":"ip","properties":{"primary":true,"privateIPAllocationMethod":"Static","privateIPAddress":"10.1.0.50","privateIPAddressVersion":"IPv4",
               "subnet":{"id":"#/Microsoft.Network/virtualNetworks/net/subnets/a"},"publicIPAddress":{"id":"#/Microsoft.Network/publicIPAddresses/free"}}}]}}
            """ },
        { $"{Net}/loadBalancers/odd", """
            {"location":"eastus","sku":{"name":"Standard"},"properties":{"frontendIPConfigurations":[{"name":"fe","properties":{"privateIPAddress":"10.1.0.60","publicIPAddress":{"id":"#/Microsoft.Network/publicIPAddresses/free"}}},
               {"name":"in","properties":{"privateIPAllocationMethod":"Dynamic","subnet":{"id":"#/Microsoft.Network/virtualNetworks/net/subnets/a"}}}],
             "backendAddressPools":[{"name":"be","properties":{"loadBalancerBackendAddresses":[{"name":"x","properties":{"ipAddress":"10.1.0.9"}}]}}],
             "probes":[{"name":"p","properties":{"protocol":"Tcp","port":80}}],
             "loadBalancingRules":[{"name":"r","properties":{"frontendIPConfiguration":{"id":"#/Microsoft.Network/loadBalancers/odd/frontendIPConfigurations/fe"},"probe":{"id":"#/Microsoft.Network/loadBalancers/odd/probes/p"},"protocol":"Tcp","frontendPort":80,"backendPort":80}}],
             "inboundNatRules":[{"name":"n","properties":{"frontendIPConfiguration":{"id":"#/Microsoft.Network/loadBalancers/odd/frontendIPConfigurations/fe"},"protocol":"Tcp","frontendPort":22,"backendPort":22,"enableFloatingIP":false,"idleTimeoutInMinutes":4}}],
             "inboundNatPools":[],"outboundRules":[]}}
            """ },
        { "Microsoft.Storage/storageAccounts/odd1", """
            {"location":"eastus","kind":"StorageV2","sku":{"name":"Standard_LRS"},"properties":{"accessTier":"Hot","supportsHttpsTrafficOnly":true,"minimumTlsVersion":"TLS1_2","allowBlobPublicAccess":false,
             "allowSharedKeyAccess":true,"largeFileSharesState":"Enabled","networkAcls":{"defaultAction":"Allow"},"encryption":{"keySource":"Microsoft.Storage"}}}
            """ },
        { "Microsoft.Storage/storageAccounts/ebbstore/fileServices/default/shares/odd", """{"properties":{"shareQuota":5,"accessTier":"Hot","enabledProtocols":"SMB","metadata":{"a":"b"}}}""" },
        { "Microsoft.Storage/storageAccounts/ebbstore/blobServices/default/containers/odd", """{"properties":{"publicAccess":"None"}}""" },
        { "Microsoft.ContainerInstance/containerGroups/odd", """
            {"location":"eastus","properties":{"osType":"Linux","restartPolicy":"Always","sku":"Standard","containers":[{"name":"c","properties":{"image":"i","command":["x"],"ports":[{"port":80,"protocol":"TCP"}],
              "environmentVariables":[{"name":"A","value":"b"}],"resources":{"requests":{"cpu":1,"memoryInGB":1.5}},"volumeMounts":[{"name":"v","mountPath":"/v"}]}}],
             "volumes":[{"name":"v","azureFile":{"shareName":"s","storageAccountName":"a","storageAccountKey":"k"}}],"imageRegistryCredentials":[{"server":"s","username":"u","password":"p"}],
             "ipAddress":{"type":"Public","dnsNameLabel":"label","ports":[{"port":80,"protocol":"TCP"}]},"diagnostics":{"logAnalytics":{"workspaceId":"w","workspaceKey":"k"}}}}
            """ },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task No_value_of_a_wrong_kind_anywhere_breaks_the_face_or_its_neighbours(string path, string text)
    {
        using var lab = await NetworkLab.StartAsync(options: new AzureFaceOptions { Authenticate = false });
        await PrepareAsync(lab);
        var providers = lab.Root[..lab.Root.LastIndexOf('/')];
        var body = text.Replace("#", providers, StringComparison.Ordinal);
        var (self, list) = ($"{providers}/{path}", $"{providers}/{path[..path.LastIndexOf('/')]}");
        var sound = await lab.Face.PutAsync(self, body);
        Assert.True(sound.Code < 300, sound.Text);
        lab.Face.Cloud.Pass(minutes: 1);
        await lab.Face.DeleteAsync(self);
        lab.Face.Cloud.Pass(minutes: 1);

        foreach (var place in HostileBodyTests.Paths(JsonNode.Parse(body)!).ToList())
        {
            foreach (var odd in HostileBodyTests.Odd)
            {
                var changed = JsonNode.Parse(body)!;
                HostileBodyTests.Replace(changed, place, JsonNode.Parse(odd));

                var put = await lab.Face.PutAsync(self, changed.ToJsonString());
                lab.Face.Cloud.Pass(minutes: 1);
                var neighbour = await lab.PutInterfaceAsync("neighbour");
                Answer[] answers = [put, await lab.Face.GetAsync(self), await lab.Face.GetAsync(list), await lab.Face.SendAsync(HttpMethod.Patch, self, """{"tags":{"x":"y"}}""")];
                lab.Face.Cloud.Pass(minutes: 1);
                var deleted = await lab.Face.DeleteAsync(self);
                lab.Face.Cloud.Pass(minutes: 1);

                Assert.All([.. answers, deleted], a => Assert.True(a.Code < 500, $"{place} = {odd}: {a.Text}"));
                Assert.True(neighbour.Code < 300, $"{place} = {odd}: {neighbour.Text}");
                Assert.True(deleted.Code < 300, $"{place} = {odd}: {deleted.Text}");
            }
        }
    }

    private static async Task PrepareAsync(NetworkLab lab)
    {
        await lab.PutNetworkAsync();
        await lab.PutAsync("networkSecurityGroups/guard", "{}");
        await lab.PutAsync("publicIPAddresses/free", """{"publicIPAllocationMethod":"Static"}""");
        await StorageAccountTests.MakeAsync(lab.Face);
    }
}
