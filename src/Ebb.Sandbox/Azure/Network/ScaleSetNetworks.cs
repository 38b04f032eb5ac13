using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Network;

/// <summary>The networks that the machines of scale sets are in.</summary>
internal static class ScaleSetNetworks
{
    /// <summary>A free address of the subnet that a set's model names; null when there is no such subnet, or no room in it.</summary>
    public static (string Address, string Subnet)? NextAddress(ResourceStore store, ScaleSet set)
    {
        if (store.Find(Text(At(Primary(set), "properties", "subnet", "id"))) is not { } subnet)
        {
            return null;
        }

        var range = Subnets.RangesOf(subnet.Model).First(r => r.IsV4);
        return range.Free(Addresses.UsedIn(store, subnet.Id)).FirstOrDefault() is { } address ? (address, range.ToString()) : null;
    }

    /// <summary>The configuration of the first interface that a set's machines have.</summary>
    public static JsonObject? Primary(ScaleSet set)
    {
        var nics = ScaleSetJson.Items(At(set.Model, "properties", "virtualMachineProfile", "networkProfile"), "networkInterfaceConfigurations").ToList();
        var nic = nics.Find(n => At(n, "properties", "primary")?.GetValueKind() == JsonValueKind.True) ?? nics.FirstOrDefault();
        return ScaleSetJson.Items(nic?["properties"], "ipConfigurations").FirstOrDefault();
    }
}
