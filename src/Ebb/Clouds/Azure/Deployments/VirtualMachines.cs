using System.Text.Json.Nodes;

namespace Ebb.Clouds.Azure.Deployments;

/// <summary>Machines that stand alone, as far as deploying to them again asks for them.</summary>
public sealed class VirtualMachines(ArmConnection arm)
{
    private const string Version = "2023-09-01";

    /// <summary>How one logs in, as the cloud has it (<c>osProfile.linuxConfiguration</c>); null when there is no such machine, or it does not say.</summary>
    public async Task<JsonObject?> LoginAsync(string group, string machine, CancellationToken ct)
    {
        var path = $"{arm.GroupPath(group)}/providers/Microsoft.Compute/virtualMachines/{Uri.EscapeDataString(machine)}";
        var wire = await arm.FindAsync($"Reading machine '{machine}'", arm.Address(path, Version), DeploymentJson.Default.WireVirtualMachine, ct);
        return wire?.Properties?.OsProfile?.LinuxConfiguration;
    }
}
