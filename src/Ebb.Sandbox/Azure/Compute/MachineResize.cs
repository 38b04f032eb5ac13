using System.Collections.Immutable;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Compute;

/// <summary>
/// Which sizes a machine that is there can take. One that is allocated stands on hardware that offers only some; so do all that share
/// its availability set, since a set stands on one hardware as long as any of its machines is allocated.
/// </summary>
internal static class MachineResize
{
    /// <summary>The sizes that a machine can take now, as it and its availability set are.</summary>
    public static ImmutableArray<Size> Offered(ResourceStore store, Resource machine)
    {
        var world = store.World;
        var bound = Together(store, machine).Select(other => AllocatedSize(world, other)).OfType<Size>().FirstOrDefault();
        return bound is null ? world.Options.Sizes : [.. world.Options.Sizes.Where(size => size.Hardware == bound.Hardware)];
    }

    /// <summary>Why a machine that is there cannot take the size that it is to have now, in the cloud's own words; null when it can. Found out only by trying.</summary>
    public static CloudError? Refusal(Writing w)
    {
        if (w.Old is not { } old || w.World.FindMachine(w.Id.Group!, w.Id.Name) is not var (_, machine) || machine.Unplaced)
        {
            return null;
        }

        var wanted = SizeOf(w.World, Text(w.Properties["hardwareProfile"]!["vmSize"])!);
        var now = SizeOf(w.World, machine.Size);
        if (now == wanted)
        {
            return null;
        }

        if ((now.TempDiskGiB > 0) != (wanted.TempDiskGiB > 0))
        {
            return Refuse("OperationNotAllowed", $"Unable to resize the VM '{w.Id.Name}' since changing from resource disk to non-resource disk VM size and vice-versa is not allowed. Please refer to https://aka.ms/AAah4sj for more details.");
        }

        if (now.Architecture != wanted.Architecture)
        {
            return Refuse("PropertyChangeNotAllowed", $"The VM size '{wanted.Name}' cannot boot with the architecture '{now.Architecture}' of the OS image of VM '{w.Id.Name}'.");
        }

        var offered = Offered(w.Store, old);
        if (!offered.Contains(wanted))
        {
            return Refuse("OperationNotAllowed", $"Unable to resize the VM '{w.Id.Name}' because the requested size {wanted.Name} is not available in the current hardware cluster. "
                + $"The available sizes in this cluster are: {string.Join(',', offered.Select(size => size.Name))}. Read more on VM resizing strategy at https://aka.ms/azure-resizevm.");
        }

        return null;
    }

    /// <summary>The machine, and those of its availability set.</summary>
    private static IEnumerable<Resource> Together(ResourceStore store, Resource machine)
    {
        var set = SetOf(machine);
        return set is null ? [machine] : store.OfType(machine.Id.FullType).Where(other => set.Equals(SetOf(other), StringComparison.OrdinalIgnoreCase));
    }

    private static string? SetOf(Resource machine) => Text(At(machine.Properties, "availabilitySet", "id"));

    private static Size? AllocatedSize(CloudWorld world, Resource machine) =>
        world.FindMachine(machine.Id.Group!, machine.Id.Name) is var (_, found) && found.Power is not PowerState.Deallocated ? SizeOf(world, found.Size) : null;

    private static Size SizeOf(CloudWorld world, string name) => world.Options.Sizes.First(size => size.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static CloudError Refuse(string code, string message) => new(409, code, message);
}
