using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure.Network;

/// <summary>A face with short ways to the network provider of its group.</summary>
internal sealed class NetworkLab : IDisposable
{
    private NetworkLab(FaceLab face) => Face = face;

    public FaceLab Face { get; }

    public string Root => $"{Face.Subscription}/resourceGroups/{Lab.Group}/providers/Microsoft.Network";

    public string Subnet => $"{Root}/virtualNetworks/net/subnets/a";

    public static async Task<NetworkLab> StartAsync(CloudOptions? cloud = null, AzureFaceOptions? options = null) =>
        new(await FaceLab.StartAsync(cloud: cloud, options: options));

    /// <summary>Puts a resource of the network provider and waits until it is done.</summary>
    public async Task<Answer> PutAsync(string path, string properties, string more = "")
    {
        var answer = await Face.PutAsync($"{Root}/{path}", $$"""{"location":"eastus",{{more}}"properties":{{properties}}}""");
        Face.Cloud.Pass(minutes: 1);
        return answer;
    }

    public Task<Answer> GetAsync(string path) => Face.GetAsync($"{Root}/{path}");

    public async Task<JsonObject> PropertiesAsync(string path)
    {
        var answer = await GetAsync(path);
        Assert.Equal(200, answer.Code);
        return answer.Json["properties"]!.AsObject();
    }

    public async Task<Answer> DeleteAsync(string path)
    {
        var answer = await Face.DeleteAsync($"{Root}/{path}");
        Face.Cloud.Pass(minutes: 1);
        return answer;
    }

    public Task<Answer> PutNetworkAsync(string subnets = """[{"name":"a","properties":{"addressPrefix":"10.1.0.0/24"}}]""") =>
        PutAsync("virtualNetworks/net", $$"""{"addressSpace":{"addressPrefixes":["10.1.0.0/16"]},"subnets":{{subnets}}}""");

    public Task<Answer> PutInterfaceAsync(string name, string? address = null, string more = "")
    {
        var method = address is null ? "" : $"""
            "privateIPAllocationMethod":"Static","privateIPAddress":"{address}",
            """;
        return PutAsync($"networkInterfaces/{name}", $$$"""{"ipConfigurations":[{"name":"ip","properties":{{{{method}}}{{{more}}}"subnet":{"id":"{{{Subnet}}}"} } }]}""");
    }

    public async Task<string> AddressAsync(string nic) =>
        (await PropertiesAsync($"networkInterfaces/{nic}"))["ipConfigurations"]![0]!["properties"]!["privateIPAddress"]!.GetValue<string>();

    public void Dispose() => Face.Dispose();
}
