using System.Net;

namespace Ebb.Clouds.Azure.Deployments;

/// <param name="Name">As people see it: <c>agents_7</c>.</param>
/// <param name="HostName">It boots with; its node is called like it in lower case. Empty when unknown.</param>
/// <param name="LatestModel">Whether it was made, or last upgraded, as its scale set says now; its disk may be older.</param>
public sealed record ScaleSetMachine(string Set, string Name, string HostName, bool LatestModel)
{
    /// <summary>Whether it has no power: whatever becomes of it, it boots first.</summary>
    public bool IsOff { get; init; }
}

/// <summary>Machines of scale sets, as far as it matters what they were told at their birth.</summary>
public sealed class ScaleSetMachines(ArmConnection arm)
{
    private const string Version = "2023-09-01";

    /// <summary>Those of one scale set; none where there is no such set.</summary>
    public async Task<IReadOnlyList<ScaleSetMachine>> MachinesAsync(string group, string set, CancellationToken ct)
    {
        var path = $"{arm.GroupPath(group)}/providers/Microsoft.Compute/virtualMachineScaleSets/{Uri.EscapeDataString(set)}/virtualMachines";
        try
        {
            return
            [
                .. from machine in await arm.ListAsync($"Reading the machines of scale set '{set}'", arm.Address(path, Version, "$expand=instanceView"), DeploymentJson.Default.WirePageWireSetMachine, ct)
                   select new ScaleSetMachine(set, machine.Name ?? "", machine.Properties?.OsProfile?.ComputerName ?? "", machine.Properties?.LatestModelApplied ?? false)
                   {
                       IsOff = (machine.Properties?.InstanceView?.Statuses ?? []).Any(status => status?.Code?.ToUpperInvariant() is "POWERSTATE/STOPPED" or "POWERSTATE/DEALLOCATED"),
                   },
            ];
        }
        catch (CloudException e) when (e.Status is HttpStatusCode.NotFound)
        {
            return [];
        }
    }
}
