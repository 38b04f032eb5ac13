using System.Diagnostics;
using System.Net;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>A machine whose power is on: the systemd-nspawn process, and all that it started.</summary>
internal sealed class MachinePower : IAsyncDisposable
{
    private const string ContainerDisk = "containerd";

    // What a kubelet's machine must be able to do is nearly all: it is no boundary against whoever is root on it. Loading
    // modules, setting the clock and reaching for the host's devices are not among it.
    private const string Withheld = "CAP_SYS_MODULE,CAP_SYS_RAWIO,CAP_SYS_TIME";

    // A container runtime keeps a keyring for each container; systemd asks for the others.
    private const string CallsAllowed = "add_key bpf keyctl perf_event_open @keyring";

    private const string ErrorsSuffix = ".err";

    private static readonly string Script = Firmware.Resource("power-on.sh");

    private readonly Process _process;
    private readonly ControlGroups _groups;
    private readonly Task _console;
    private readonly TimeProvider _time;
    private volatile bool _isCut;

    private MachinePower(Process process, ControlGroups groups, Task console, Func<Task<string>> lastWords, TimeProvider time)
    {
        _process = process;
        _groups = groups;
        _console = console;
        _time = time;
        Ended = EndAsync(lastWords);
    }

    /// <summary>Ends when the power is off.</summary>
    public Task<PowerEnd> Ended { get; }

    /// <summary>Whether the machine is still on; one whose guest powered itself off is not.</summary>
    public bool IsOn => !_process.HasExited;

    /// <summary>Switches on a machine whose files are in place.</summary>
    public static MachinePower On(MachineFiles files, Instance instance, Size size, NspawnOptions options, TimeProvider time)
    {
        var groups = ControlGroups.Create(Room.NameOf(options.Name), files.Name, size.VCpus, Hardware.MemoryBytes(size));
        var start = new ProcessStartInfo("sh", ["-euc", Script, "machine", .. Nspawn(files, instance, options)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };

        // The old scheme of control groups is what the machine must use too where the host does.
        start.Environment["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY"] = ControlGroups.Unified ? "1" : "0";

        // Its network settings are its own; what else the kernel has is the host's, and only to read.
        start.Environment["SYSTEMD_NSPAWN_API_VFS_WRITABLE"] = "network";
        start.Environment["SYSTEMD_NSPAWN_LOCK"] = "0";
        var subnet = IPNetwork.Parse(instance.Subnet);
        foreach (var (name, value) in new (string, string)[]
        {
            ("script", Script), ("groups", string.Join(' ', groups.ProcessFiles)), ("base", options.BaseRoot), ("firmware", files.Firmware),
            ("disk", files.Disk), ("root", files.Root), ("room", Room.NameOf(options.Name)), ("bridge", Room.Bridge), ("link", files.Link),
            ("mac", MacOf(instance)), ("address", $"{instance.Address}/{subnet.PrefixLength}"), ("gateway", $"{Room.GatewayOf(subnet)}"),
        })
        {
            start.Environment[name] = value;
        }

        var errors = files.Console + ErrorsSuffix;
        var said = LastWords.LengthOf(errors);
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        var console = Task.WhenAll(
            ConsoleLog.KeepAsync(process.StandardOutput.BaseStream, files.Console),
            ConsoleLog.KeepAsync(process.StandardError.BaseStream, errors));
        return new MachinePower(process, groups, console, () => LastWords.ReadAsync(errors, said), time);
    }

    /// <summary>Tells the guest to shut down; it takes its time.</summary>
    public void ShutDown()
    {
        if (IsOn)
        {
            Signals.Send(_process.Id, Signals.ShutDown);
        }
    }

    /// <summary>Cuts the power: everything on the machine is gone at once, and nothing on it is asked.</summary>
    public async ValueTask DisposeAsync()
    {
        _isCut = true;

        // With a process namespace's first process all others in it go, in the kernel and in one go.
        foreach (var init in Children(_process.Id))
        {
            Signals.Send(init, Signals.End);
        }

        await _groups.RemoveAsync(_time, CancellationToken.None);
        await _process.WaitForExitAsync(CancellationToken.None);
        await Ended;
        _process.Dispose();
    }

    private async Task<PowerEnd> EndAsync(Func<Task<string>> lastWords)
    {
        await _console;
        await _process.WaitForExitAsync(CancellationToken.None);
        return _isCut ? PowerEnd.Ordered : await PowerEnd.OfAsync(_process.ExitCode, lastWords);
    }

    private static IEnumerable<string> Nspawn(MachineFiles files, Instance instance, NspawnOptions options) =>
    [
        "systemd-nspawn", "--quiet", "--keep-unit", "--register=no", "--boot", "--console=read-only",
        $"--directory={files.Root}", $"--machine={files.Name}", $"--hostname={instance.ComputerName}", $"--uuid={instance.VmId}",
        "--network-namespace-path=/proc/self/ns/net", "--resolv-conf=off", "--timezone=off", "--link-journal=no",
        "--capability=all", $"--drop-capability={Withheld}", $"--system-call-filter={CallsAllowed}",

        // An overlay cannot lie on an overlay, and containers' images are overlays.
        $"--bind={Path.Combine(files.Disk, ContainerDisk)}:/var/lib/containerd",
        .. options.Shared.Select(shared => $"--bind-ro={shared.Host}:{shared.Machine}"),
    ];

    private static string MacOf(Instance instance) => string.Join(':', instance.MacAddress.Chunk(2).Select(pair => new string(pair)));

    private static IEnumerable<int> Children(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/task/{process}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse);
        }
        catch (IOException)
        {
            // It is gone, and its children with it.
            return [];
        }
    }
}
