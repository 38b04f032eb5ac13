using System.Net;
using System.Text.Json;

namespace Ebb.Clouds.Azure.Deployments;

/// <summary>A resource group as it is.</summary>
/// <param name="Deleting">It goes, with all that is in it.</param>
public sealed record ResourceGroup(string Name, string Location, IReadOnlyDictionary<string, string> Tags, bool Deleting);

/// <summary>A resource as lists show it.</summary>
public sealed record ResourceItem(string Id, string Name, string Type, IReadOnlyDictionary<string, string> Tags)
{
    /// <summary>Its provisioning state; null when the list does not say.</summary>
    public string? State { get; init; }

    /// <summary>Id of the resource that it belongs to, as a disk to its machine; null when it stands alone.</summary>
    public string? ManagedBy { get; init; }
}

/// <summary>Makes, reads and deletes resource groups.</summary>
public sealed class ResourceGroups(ArmConnection arm)
{
    private static readonly IReadOnlyDictionary<string, string> NoTags = new Dictionary<string, string>();

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    // A group with machines goes within minutes; Azure's own limit for it is about this long.
    private static readonly TimeSpan DeleteWithin = TimeSpan.FromMinutes(60);

    private static readonly TimeSpan ResourceGoneWithin = TimeSpan.FromMinutes(20);

    /// <summary>Null when there is none.</summary>
    public async Task<ResourceGroup?> FindAsync(string name, CancellationToken ct)
    {
        var wire = await arm.FindAsync($"Reading resource group '{name}'", Address(name), DeploymentJson.Default.WireGroup, ct);
        return wire is null
            ? null
            : new ResourceGroup(
                wire.Name ?? name,
                wire.Location ?? "",
                Tags(wire.Tags),
                "Deleting".Equals(wire.Properties?.ProvisioningState, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Makes the group, or replaces its tags. May be done twice.</summary>
    /// <returns>Why not; null when done.</returns>
    public async Task<AzureFault?> PutAsync(string name, string location, IReadOnlyDictionary<string, string> tags, CancellationToken ct)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new WireGroupBody(location, tags), DeploymentJson.Default.WireGroupBody);
        var answer = await arm.RepeatAsync(
            $"Making resource group '{name}'", new ArmCall(HttpMethod.Put, Address(name), ArmFamily.Writes, body), ct);
        return answer is ArmAnswer.Refused refused ? AzureFault.Of(refused.Error) : null;
    }

    /// <summary>All that is in the group; empty when the group is not there.</summary>
    public async Task<IReadOnlyList<ResourceItem>> ListAsync(string name, CancellationToken ct)
    {
        var address = arm.Address($"{arm.GroupPath(name)}/resources", ArmConnection.ResourcesVersion, "$expand=provisioningState");
        try
        {
            var wires = await arm.ListAsync($"Listing what is in resource group '{name}'", address, DeploymentJson.Default.WirePageWireResource, ct);
            return [.. from wire in wires where wire.Id is not null && wire.Type is not null select Item(wire)];
        }
        catch (CloudException e) when (e.Status is HttpStatusCode.NotFound)
        {
            return [];
        }
    }

    /// <summary>Orders the group and all that is in it to be deleted.</summary>
    /// <returns>Why not; null when ordered, or already gone.</returns>
    public async Task<AzureFault?> DeleteAsync(string name, CancellationToken ct)
    {
        var address = arm.Address(
            arm.GroupPath(name),
            ArmConnection.ResourcesVersion,
            $"forceDeletionTypes={Uri.EscapeDataString("Microsoft.Compute/virtualMachines,Microsoft.Compute/virtualMachineScaleSets")}");
        var answer = await arm.RepeatAsync($"Deleting resource group '{name}'", new ArmCall(HttpMethod.Delete, address, ArmFamily.Deletes), ct);
        return answer switch
        {
            ArmAnswer.Refused { Status: HttpStatusCode.NotFound } => null,

            // An earlier order stands.
            ArmAnswer.Refused refused when refused.Error.Codes.Contains("ResourceGroupBeingDeleted", StringComparer.OrdinalIgnoreCase) => null,
            ArmAnswer.Refused refused => AzureFault.Of(refused.Error),
            _ => null,
        };
    }

    /// <summary>Waits until the group is gone.</summary>
    /// <param name="left">Hears now and then how many resources are still there.</param>
    /// <returns>False when Azure gave the deletion up and the group stays.</returns>
    /// <exception cref="TimeoutException">It took longer than Azure's own limit.</exception>
    public async Task<bool> WaitUntilGoneAsync(string name, Action<int> left, CancellationToken ct)
    {
        var started = arm.Time.GetTimestamp();
        while (true)
        {
            if (await FindAsync(name, ct) is not { } group)
            {
                return true;
            }

            if (!group.Deleting)
            {
                return false;
            }

            if (arm.Time.GetElapsedTime(started) > DeleteWithin)
            {
                throw new TimeoutException($"Resource group '{name}' was not gone within {DeleteWithin.TotalMinutes} min. Look at it in the portal, then run this again.");
            }

            left((await ListAsync(name, ct)).Count);
            await Task.Delay(LookEvery, arm.Time, ct);
        }
    }

    /// <summary>Deletes one resource by its id. May be done twice.</summary>
    /// <returns>Why not; null when it is gone or going.</returns>
    public async Task<AzureFault?> DeleteResourceAsync(string id, string apiVersion, CancellationToken ct)
    {
        var answer = await arm.RepeatAsync($"Deleting {id}", new ArmCall(HttpMethod.Delete, arm.Address(id, apiVersion), ArmFamily.Deletes), ct);
        return answer is ArmAnswer.Refused { Status: not HttpStatusCode.NotFound } refused ? AzureFault.Of(refused.Error) : null;
    }

    /// <summary>Deletes one resource by its id, and waits until it is gone. May be done twice.</summary>
    /// <exception cref="CloudException">Azure refuses, and says why.</exception>
    /// <exception cref="TimeoutException">It was not gone in time.</exception>
    public async Task RemoveResourceAsync(string id, string apiVersion, CancellationToken ct)
    {
        if (await DeleteResourceAsync(id, apiVersion, ct) is { } fault)
        {
            throw new CloudException($"{id} could not be deleted. {fault}", code: fault.Code);
        }

        var started = arm.Time.GetTimestamp();
        while (await ExistsAsync(id, apiVersion, ct))
        {
            if (arm.Time.GetElapsedTime(started) > ResourceGoneWithin)
            {
                throw new TimeoutException($"{id} was not gone within {ResourceGoneWithin.TotalMinutes} min. Run this again.");
            }

            await Task.Delay(LookEvery, arm.Time, ct);
        }
    }

    /// <summary>Whether a resource is there.</summary>
    public async Task<bool> ExistsAsync(string id, string apiVersion, CancellationToken ct) =>
        await arm.FindAsync($"Reading {id}", arm.Address(id, apiVersion), DeploymentJson.Default.WireResource, ct) is not null;

    private Uri Address(string name) => arm.Address(arm.GroupPath(name), ArmConnection.ResourcesVersion);

    private static ResourceItem Item(WireResource wire) => new(wire.Id!, wire.Name ?? wire.Id!, wire.Type!, Tags(wire.Tags))
    {
        State = wire.ProvisioningState,
        ManagedBy = wire.ManagedBy,
    };

    private static IReadOnlyDictionary<string, string> Tags(IReadOnlyDictionary<string, string>? tags) =>
        tags is null ? NoTags : new Dictionary<string, string>(tags, StringComparer.OrdinalIgnoreCase);
}
