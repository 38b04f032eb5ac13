using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Compute;

/// <summary>
/// Accelerated network cards go with some sizes alone, whichever of both changes, and whether or not the machine runs. Switching it on
/// while a machine runs the cloud lets pass (its documentation asks for a machine that is stopped), and switching it off always.
/// </summary>
internal static class Acceleration
{
    /// <summary>Why a machine cannot have its cards and its size together, in the cloud's own words; null when it can.</summary>
    public static CloudError? Refusal(Writing machine)
    {
        if (!MachineModel.Nics(machine.Properties).Any(nic => IsOn(machine.Store.Find(nic))))
        {
            return null;
        }

        return OfSize(machine.World, machine.Id, Text(machine.Properties["hardwareProfile"]!["vmSize"])!)
            ?? (machine.Old is null ? OfSet(machine.Store, machine.Id, Text(At(machine.Properties, "availabilitySet", "id"))) : null);
    }

    /// <summary>Why a card cannot be accelerated on the machine that has it; null when it can, or is not to be.</summary>
    public static CloudError? RefusalOfCard(Writing card, Resource machine)
    {
        if (!IsOn(card.Properties["enableAcceleratedNetworking"]))
        {
            return null;
        }

        return OfSize(card.World, machine.Id, Text(At(machine.Properties, "hardwareProfile", "vmSize"))!)
            ?? (IsOn(card.Old) ? null : OfSet(card.Store, machine.Id, Text(At(machine.Properties, "availabilitySet", "id"))));
    }

    private static CloudError? OfSize(CloudWorld world, ResourceId machine, string name)
    {
        var size = world.Options.Sizes.FirstOrDefault(size => size.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return size is null or { AcceleratedNetworking: true } ? null : new CloudError(400, "VMSizeIsNotPermittedToEnableAcceleratedNetworking",
            $"Virtual machine {machine} has size {size.Name}, which is not compatible with enabling accelerated networking on network interface(s) on the VM. "
            + $"Compatible VM sizes: {string.Join(", ", world.Options.Sizes.Where(other => other.AcceleratedNetworking).Select(other => other.Name))}.");
    }

    // Which hardware a set stands on nobody says: here the one without, as long as all that are allocated have plain cards.
    private static CloudError? OfSet(ResourceStore store, ResourceId machine, string? set)
    {
        var others = set is null ? [] : store.OfType(machine.FullType)
            .Where(other => other.Id != machine && set.Equals(Text(At(other.Properties, "availabilitySet", "id")), StringComparison.OrdinalIgnoreCase)
                && store.World.FindMachine(other.Id.Group!, other.Id.Name) is (_, { Power: not PowerState.Deallocated }))
            .ToList();
        return others.Count == 0 || others.Exists(other => MachineModel.Nics(other.Properties).Any(nic => IsOn(store.Find(nic)))) ? null
            : new CloudError(400, "ExistingAvailabilitySetWasNotDeployedOnAcceleratedNetworkingEnabledCluster",
                $"Cannot add Virtual Machine with accelerated networking-enabled nics ({machine}) on an existing non-accelerated networking AvailabilitySet ({set}).");
    }

    private static bool IsOn(Resource? card) => IsOn(card?.Properties["enableAcceleratedNetworking"]);

    private static bool IsOn(JsonNode? value) => value?.GetValueKind() is JsonValueKind.True;
}
