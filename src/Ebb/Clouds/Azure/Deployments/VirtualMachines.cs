using System.Collections.Immutable;
using System.Net;
using System.Text.Json;

namespace Ebb.Clouds.Azure.Deployments;

/// <summary>Machines that stand alone, as far as no deployment changes them. Whatever this asks for may be asked for twice.</summary>
public sealed class VirtualMachines(ArmConnection arm)
{
    private const string Version = "2023-09-01";

    private const string DiskVersion = "2023-10-02";

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(3);

    // To stop, to place elsewhere and to start is a matter of minutes each; what takes longer is looked into by a person.
    private static readonly TimeSpan SettledWithin = TimeSpan.FromMinutes(20);

    /// <summary>Null when there is no such machine.</summary>
    public async Task<VirtualMachine?> FindAsync(string group, string name, CancellationToken ct)
    {
        var found = await arm.FindAsync($"Reading machine '{name}'", Address(group, name, "", "$expand=instanceView"), DeploymentJson.Default.JsonObject, ct);
        return found is null ? null : new VirtualMachine(name, found);
    }

    /// <summary>The sizes that it can be given as it is now; of one that is allocated, those of its hardware.</summary>
    public async Task<ImmutableArray<string>> SizesAsync(string group, string name, CancellationToken ct) =>
    [
        .. (await arm.ListAsync($"Reading the sizes that machine '{name}' can have", Address(group, name, "/vmSizes"), DeploymentJson.Default.WirePageWireMachineSize, ct))
            .Select(size => size.Name).OfType<string>(),
    ];

    /// <summary>Gives it another size and waits for that; one that runs is started anew.</summary>
    /// <exception cref="CloudException">Azure refuses, or could not; says why.</exception>
    public async Task ResizeAsync(string group, string name, string size, CancellationToken ct)
    {
        var doing = $"Giving machine '{name}' the size {size}";
        var body = JsonSerializer.SerializeToUtf8Bytes(new WireResize(new WireResizeProperties(new WireHardware(size))), DeploymentJson.Default.WireResize);
        await DoAsync(doing, new ArmCall(HttpMethod.Patch, Address(group, name), ArmFamily.Writes, body), group, name, ct);
    }

    /// <summary>How large its system disk is, of which a machine that is deallocated does not tell; null where nobody does.</summary>
    public async Task<int?> DiskGiBAsync(VirtualMachine machine, CancellationToken ct) => machine.SystemDisk is { } disk
        ? (int?)(await arm.FindAsync($"Reading the disk of machine '{machine.Name}'", arm.Address(disk, DiskVersion), DeploymentJson.Default.JsonObject, ct))?["properties"]?["diskSizeGB"]
        : null;

    /// <summary>Makes its system disk larger, while it is deallocated; what is on the disk takes the room at the next boot.</summary>
    public async Task GrowDiskAsync(string group, string name, int gib, CancellationToken ct)
    {
        var doing = $"Making the disk of machine '{name}' {gib} GiB large";
        var disk = (await FindAsync(group, name, ct))?.SystemDisk ?? throw new CloudException($"{doing}: Azure does not say which disk that is. Run this again.");
        var body = JsonSerializer.SerializeToUtf8Bytes(new WireGrowth(new WireDiskSize(gib)), DeploymentJson.Default.WireGrowth);
        await DoAsync(doing, new ArmCall(HttpMethod.Patch, arm.Address(disk, DiskVersion), ArmFamily.Writes, body), group, name, ct);
    }

    /// <summary>Stops it and gives its hardware back; waits for that.</summary>
    public Task DeallocateAsync(string group, string name, CancellationToken ct) =>
        DoAsync($"Stopping machine '{name}'", new ArmCall(HttpMethod.Post, Address(group, name, "/deallocate"), ArmFamily.Deletes), group, name, ct);

    /// <summary>Starts it, where it runs not; waits for its power.</summary>
    public Task StartAsync(string group, string name, CancellationToken ct) =>
        DoAsync($"Starting machine '{name}'", new ArmCall(HttpMethod.Post, Address(group, name, "/start"), ArmFamily.Writes), group, name, ct);

    private async Task DoAsync(string doing, ArmCall call, string group, string name, CancellationToken ct)
    {
        // What is under way ends first: Azure refuses a second order, or the second would cut the first short.
        await SettledAsync(doing, group, name, ct);
        var answer = await arm.RepeatAsync(doing, call, ct);
        if (answer is ArmAnswer.Refused)
        {
            throw ArmConnection.Failed(doing, answer);
        }

        if (await SettledAsync(doing, group, name, ct) is { Failure: { } fault })
        {
            throw new CloudException($"{doing}: Azure could not. {fault}", code: fault.Code);
        }
    }

    private async Task<VirtualMachine> SettledAsync(string doing, string group, string name, CancellationToken ct)
    {
        var started = arm.Time.GetTimestamp();
        while (true)
        {
            var now = await FindAsync(group, name, ct) ?? throw new CloudException($"{doing}: the machine is gone. Run this again.", HttpStatusCode.NotFound);
            if (!now.Busy)
            {
                return now;
            }

            if (arm.Time.GetElapsedTime(started) > SettledWithin)
            {
                throw new TimeoutException($"{doing} was not done within {SettledWithin.TotalMinutes} min. Azure goes on with it; run this again.");
            }

            await Task.Delay(LookEvery, arm.Time, ct);
        }
    }

    private Uri Address(string group, string name, string below = "", string query = "") =>
        arm.Address($"{arm.GroupPath(group)}/providers/Microsoft.Compute/virtualMachines/{Uri.EscapeDataString(name)}{below}", Version, query);
}
