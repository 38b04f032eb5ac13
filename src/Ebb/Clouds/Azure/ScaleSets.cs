using System.Globalization;
using System.Text.Json;
using Ebb.Pools;

namespace Ebb.Clouds.Azure;

/// <summary>Addresses of scale sets and their machines, and what both kinds of sets have in common.</summary>
internal static class ScaleSets
{
    // The first versions of the compute API that have entity tags are of 2024, and without them a grow could lower a capacity.
    public const string ApiVersion = "2024-07-01";

    public static Uri ListAddress(ArmClient arm) => arm.Address($"{arm.Scope.GroupPath}/providers/Microsoft.Compute/virtualMachineScaleSets", ApiVersion);

    public static Uri Address(ArmClient arm, Pool pool, string below = "", string query = "") =>
        arm.Address(pool.CloudId + below, ApiVersion, query);

    public static Uri AddressOf(ArmClient arm, Machine machine, string below = "") =>
        arm.Address(AzureMachines.PathOf(machine) + below, ApiVersion);

    /// <summary>Where all machines of a pool are listed with their power state.</summary>
    public static Uri MachinesAddress(ArmClient arm, Pool pool, bool flexible) => flexible
        ? arm.Address(
            $"{arm.Scope.GroupPath}/providers/Microsoft.Compute/virtualMachines",
            ApiVersion,
            $"$filter={Uri.EscapeDataString($"'virtualMachineScaleSet/id' eq '{pool.CloudId}'")}&$expand=instanceView")
        : Address(arm, pool, "/virtualMachines", "$expand=instanceView");

    /// <summary>A member of a flexible set is a virtual machine of its own.</summary>
    public static bool IsFlexible(Machine machine) => IsFlexible(machine.ProviderId);

    public static bool IsFlexible(string id) => !id.Contains("/virtualMachineScaleSets/", StringComparison.OrdinalIgnoreCase);

    public static bool IsFlexible(WireScaleSet set) =>
        "Flexible".Equals(set.Properties?.OrchestrationMode, StringComparison.OrdinalIgnoreCase);

    /// <summary>The names that a call takes for these machines: never none and never all, which Azure takes a short list for.</summary>
    /// <param name="newImage">
    /// Of a reimage: machines whose system disk is on their host take the image that the scale set says now, too. Without it Azure resets
    /// them to the one that they were made of (azure-cli issue 28670, versions of the API since 2024-03-01).
    /// </param>
    /// <exception cref="ArgumentException">One of them is of another pool, or has no id of a machine.</exception>
    public static byte[] InstanceIds(Pool pool, IReadOnlyList<Machine> machines, bool newImage = false)
    {
        foreach (var machine in machines)
        {
            var plausible = IsFlexible(machine)
                ? machine.Id.Length > 0 && machine.Id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
                : ulong.TryParse(machine.Id, NumberStyles.None, CultureInfo.InvariantCulture, out _);
            if (!plausible || machine.Pool != pool.Name)
            {
                throw new ArgumentException($"Machine '{machine.Name}' with id '{machine.Id}' is none of pool '{pool.Name}'.", nameof(machines));
            }
        }

        return machines.Count > 0
            ? JsonSerializer.SerializeToUtf8Bytes(new WireInstanceIds([.. machines.Select(m => m.Id)], newImage ? true : null), ArmJson.Default.WireInstanceIds)
            : throw new ArgumentException("No machines named.", nameof(machines));
    }
}
