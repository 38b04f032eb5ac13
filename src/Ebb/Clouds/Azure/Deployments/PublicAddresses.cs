namespace Ebb.Clouds.Azure.Deployments;

/// <summary>Where something is reached from outside.</summary>
/// <param name="Address">Null while it has none.</param>
/// <param name="Name">Its full name in DNS; null when it has none.</param>
public sealed record PublicAddress(string Resource, string? Address, string? Name, IReadOnlyDictionary<string, string> Tags);

/// <summary>Reads the public addresses of a resource group.</summary>
public sealed class PublicAddresses(ArmConnection arm)
{
    public async Task<IReadOnlyList<PublicAddress>> ListAsync(string group, CancellationToken ct)
    {
        var wires = await arm.ListAsync(
            $"Listing the public addresses of '{group}'",
            arm.Address($"{arm.GroupPath(group)}/providers/Microsoft.Network/publicIPAddresses", "2023-09-01"),
            DeploymentJson.Default.WirePageWirePublicAddress,
            ct);
        return [.. wires.Select(wire => new PublicAddress(
            wire.Name ?? "", wire.Properties?.IpAddress, wire.Properties?.DnsSettings?.Fqdn, wire.Tags ?? new Dictionary<string, string>()))];
    }
}
