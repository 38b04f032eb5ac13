using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Network;

/// <summary>The networks that the machines of scale sets are in.</summary>
internal static class ScaleSetNetworks
{
    /// <summary>Free addresses for a new machine, as its set's model asks; null when the model names no subnet that is there, or one without room.</summary>
    public static GivenAddress? NextAddress(ResourceStore store, ScaleSet set)
    {
        var configuration = Primary(set);
        if (store.Find(Text(At(configuration, "properties", "subnet", "id"))) is not { } subnet
            || Subnets.RangesOf(subnet.Model).Where(r => r.IsV4).Cast<AddressRange?>().FirstOrDefault() is not { } range
            || range.Free(Addresses.UsedIn(store, subnet.Id)).FirstOrDefault() is not { } address)
        {
            return null;
        }

        var open = At(configuration, "properties", InstanceNics.PublicConfiguration) is JsonObject;
        return new GivenAddress(address, range.ToString(), open ? Addresses.NextPublic(store, v6: false) : "");
    }

    private static JsonObject? Primary(ScaleSet set)
    {
        var nics = InstanceNics.Models(set).ToList();
        var nic = nics.Find(n => At(n, "properties", "primary")?.GetValueKind() == JsonValueKind.True) ?? nics.FirstOrDefault();
        return ScaleSetJson.Items(nic?["properties"], "ipConfigurations").FirstOrDefault();
    }
}
