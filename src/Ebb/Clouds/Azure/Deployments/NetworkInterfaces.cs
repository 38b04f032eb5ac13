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

    /// <summary>Whether an interface is accelerated; null where there is none.</summary>
    public async Task<bool?> IsAcceleratedAsync(string group, string name, CancellationToken ct) =>
        await FindAsync(group, name, ct) is { } card ? (bool?)card["properties"]?["enableAcceleratedNetworking"] ?? false : null;

    /// <summary>Takes the acceleration off an interface, and waits for that: a size that has none is refused to its machine before. May be done twice.</summary>
    /// <inheritdoc cref="DetachAddressAsync"/>
    public Task<bool> SlowDownAsync(string group, string name, CancellationToken ct) => ChangeAsync(
        group, name, $"Taking the acceleration off network interface '{name}'",
        card =>
        {
            var accelerated = (bool?)card["properties"]?["enableAcceleratedNetworking"] ?? false;
            if (accelerated)
            {
                card["properties"]!["enableAcceleratedNetworking"] = false;
            }

            return accelerated;
        },
        ct);

    private Task<bool> DetachAsync(string group, string name, string what, string[] parts, CancellationToken ct) => ChangeAsync(
        group, name, $"Taking {what} off network interface '{name}'",
        card =>
        {
            var removed = false;
            foreach (var configuration in card["properties"]?["ipConfigurations"] as JsonArray ?? [])
            {
                foreach (var part in parts)
                {
                    removed |= (configuration?["properties"] as JsonObject)?.Remove(part) is true;
                }
            }

            return removed;
        },
        ct);

    /// <param name="change">On what Azure says; whether anything is to be changed.</param>
    private async Task<bool> ChangeAsync(string group, string name, string doing, Func<JsonObject, bool> change, CancellationToken ct)
    {
        if (await FindAsync(group, name, ct) is not { } card || !change(card))
        {
            return false;
        }

        var answer = await arm.RepeatAsync(doing, new ArmCall(HttpMethod.Put, Address(group, name), ArmFamily.Writes, Encoding.UTF8.GetBytes(card.ToJsonString())), ct);
        if (answer is ArmAnswer.Refused)
        {
            throw ArmConnection.Failed(doing, answer);
        }

        var started = arm.Time.GetTimestamp();
        while (await FindAsync(group, name, ct) is { } now
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

    private Task<JsonObject?> FindAsync(string group, string name, CancellationToken ct) =>
        arm.FindAsync($"Reading network interface '{name}'", Address(group, name), DeploymentJson.Default.JsonObject, ct);

    private Uri Address(string group, string name) =>
        arm.Address($"{arm.GroupPath(group)}/providers/Microsoft.Network/networkInterfaces/{Uri.EscapeDataString(name)}", Version);
}
