using System.Net;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>What one machine has on the host's disk.</summary>
internal sealed class MachineFiles
{
    private const UnixFileMode Shared =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly string _directory;

    public MachineFiles(NspawnOptions options, Instance instance)
    {
        Name = instance.ComputerName.ToLowerInvariant();
        _directory = Path.Combine(options.Directory, Name);
        Link = $"m{Convert.ToHexStringLower(IPAddress.Parse(instance.Address).GetAddressBytes())}";
    }

    /// <summary>The machine's name on the host, within its sandbox.</summary>
    public string Name { get; }

    /// <summary>The room's end of its network cable; a name of an interface has 15 characters at most.</summary>
    public string Link { get; }

    /// <summary>The layer that <see cref="Nspawn.Firmware"/> writes.</summary>
    public string Firmware => Path.Combine(_directory, "firmware");

    /// <summary>What the machine itself wrote; survives a stop, not a reimage.</summary>
    public string Disk => Path.Combine(_directory, "disk");

    /// <summary>Where the machine has its root; empty to whoever looks from outside.</summary>
    public string Root => Path.Combine(_directory, "root");

    /// <summary>What it printed.</summary>
    public string Console => Path.Combine(_directory, "console.log");

    public void Create()
    {
        Directory.CreateDirectory(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.CreateDirectory(Root);
        foreach (var part in new[] { "upper", "work", "containerd" })
        {
            Directory.CreateDirectory(Path.Combine(Disk, part));
        }

        // The machine's root directory has the modes of this one, and everybody on the machine must get in.
        File.SetUnixFileMode(Path.Combine(Disk, "upper"), Shared);
    }

    /// <summary>Takes away what the machine was, but for what it printed; its power must be off.</summary>
    public Task WipeAsync(HostCommand host, CancellationToken ct) => RemoveAsync(host, [Disk, Firmware], ct);

    public Task RemoveAsync(HostCommand host, CancellationToken ct) => RemoveAsync(host, [_directory], ct);

    // Never into a file system that is mounted there: it is somebody else's.
    internal static async Task RemoveAsync(HostCommand host, IReadOnlyList<string> paths, CancellationToken ct) =>
        await host.RunAsync("rm", ["-rf", "--one-file-system", "--", .. paths], ct);
}
