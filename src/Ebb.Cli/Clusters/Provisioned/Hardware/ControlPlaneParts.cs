using System.Collections.Immutable;
using System.Globalization;
using Ebb.Cli.Provisioning;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned.Hardware;

/// <summary>What a machine of the control plane consists of in the cloud, beside its system disk, which goes with it.</summary>
internal static class ControlPlaneParts
{
    public const string MachineType = "Microsoft.Compute/virtualMachines";

    public const string InterfaceType = "Microsoft.Network/networkInterfaces";

    public const string ComputeVersion = "2023-09-01";

    public const string NetworkVersion = "2023-09-01";

    public static string Id(ResourceNames names, string type, string name) =>
        $"/subscriptions/{names.Subscription}/resourceGroups/{names.Cluster.Cloud.ComputeGroup}/providers/{type}/{name}";

    /// <summary>The number of a machine of this cluster's control plane by its name; null for any other.</summary>
    public static int? IndexOf(ResourceNames names, string name)
    {
        var begin = names.ControlPlaneMachine(0)[..^1];
        return name.StartsWith(begin, StringComparison.OrdinalIgnoreCase)
            && int.TryParse(name.AsSpan(begin.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;
    }

    /// <summary>Names of those that the file asks for and that are not there: yet to be made, or lost.</summary>
    public static ImmutableArray<string> Missing(ResourceNames names, ImmutableArray<VirtualMachine> machines) =>
        [.. names.ControlPlane.Select(names.ControlPlaneMachine).Where(name => !machines.Any(machine => machine.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))];
}
