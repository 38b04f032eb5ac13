using System.Text;
using System.Text.Json.Nodes;

namespace Ebb.Clouds.Azure.Deployments;

/// <summary>Network interfaces of machines, as far as deploying does not do it.</summary>
public sealed class NetworkInterfaces(ArmConnection arm)
{
    private const string Version = "2023-09-01";

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan SettledWithin = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Takes the public addresses off an interface, and waits until they are free: nothing else can have one before, and in a deployment
    /// nothing comes before. May be done twice.
    /// </summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="CloudException">Azure refuses.</exception>
    public Task<bool> DetachAddressAsync(string group, string name, CancellationToken ct) =>
        DetachAsync(group, name, "the public address", ["publicIPAddress"], ct);

    /// <summary>Takes an interface out of the load balancer that it is behind, and waits for that. May be done twice.</summary>
    /// <inheritdoc cref="DetachAddressAsync"/>
    public Task<bool> DetachBalancerAsync(string group, string name, CancellationToken ct) =>
        DetachAsync(group, name, "the load balancer", ["loadBalancerBackendAddressPools", "loadBalancerInboundNatRules"], ct);

    private async Task<bool> DetachAsync(string group, string name, string what, string[] parts, CancellationToken ct)
    {
        var address = arm.Address($"{arm.GroupPath(group)}/providers/Microsoft.Network/networkInterfaces/{Uri.EscapeDataString(name)}", Version);
        var reading = $"Reading network interface '{name}'";
        if (await arm.FindAsync(reading, address, DeploymentJson.Default.JsonObject, ct) is not { } card)
        {
            return false;
        }

        var removed = false;
        foreach (var configuration in card["properties"]?["ipConfigurations"] as JsonArray ?? [])
        {
            foreach (var part in parts)
            {
                removed |= (configuration?["properties"] as JsonObject)?.Remove(part) is true;
            }
        }

        if (!removed)
        {
            return false;
        }

        var doing = $"Taking {what} off network interface '{name}'";
        var answer = await arm.RepeatAsync(doing, new ArmCall(HttpMethod.Put, address, ArmFamily.Writes, Encoding.UTF8.GetBytes(card.ToJsonString())), ct);
        if (answer is ArmAnswer.Refused)
        {
            throw ArmConnection.Failed(doing, answer);
        }

        var started = arm.Time.GetTimestamp();
        while (await arm.FindAsync(reading, address, DeploymentJson.Default.JsonObject, ct) is { } now
            && (string?)now["properties"]?["provisioningState"] is not ("Succeeded" or "Failed"))
        {
            if (arm.Time.GetElapsedTime(started) > SettledWithin)
            {
                throw new TimeoutException($"{doing} was not done within {SettledWithin.TotalMinutes} min. Run this again.");
            }

            await Task.Delay(LookEvery, arm.Time, ct);
        }

        return true;
    }
}
