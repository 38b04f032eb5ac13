using System.Text;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>
/// The layer between the base root and a machine's own disk: what makes it this machine. Its name, its size, and the user data
/// for cloud-init. Written while the power is off; the machine's disk stands above it.
/// </summary>
internal static class Firmware
{
    private const UnixFileMode Readable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const UnixFileMode Executable = Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private static readonly string HardwareScript = Resource("hardware.sh");

    /// <param name="generation">Which disk it is, counted from 0: each has an instance id of its own, so that cloud-init runs anew.</param>
    public static void Write(string directory, Instance instance, Size size, MachineBirth birth, int generation)
    {
        Put(directory, "etc/hostname", instance.ComputerName + "\n");
        Put(directory, "etc/hosts", $"127.0.0.1 localhost\n{instance.Address} {instance.ComputerName}\n");

        // There are no names to resolve where the machines are.
        Put(directory, "etc/resolv.conf", "");

        // Nor anything that leads to a mirror: what is asked for beyond what the image has cannot be had, and that is known at once.
        Put(directory, "etc/apt/sources.list", "");
        Put(directory, "usr/lib/sandbox/hardware", HardwareScript);
        Hardware.Write(Path.Combine(directory, "usr/lib/sandbox"), size);
        Put(directory, "etc/systemd/system/sandbox-hardware.service", """
            [Unit]
            Description=Hardware of a virtual machine
            DefaultDependencies=no
            Before=sysinit.target systemd-sysctl.service cloud-init-local.service
            [Service]
            Type=oneshot
            RemainAfterExit=yes
            ExecStart=/usr/lib/sandbox/hardware
            [Install]
            WantedBy=sysinit.target

            """);
        var wants = Path.Combine(directory, "etc/systemd/system/sysinit.target.wants");
        Directory.CreateDirectory(wants);
        File.CreateSymbolicLink(Path.Combine(wants, "sandbox-hardware.service"), "../sandbox-hardware.service");
        Put(directory, "etc/cloud/cloud.cfg.d/90_sandbox.cfg", "datasource_list: [NoCloud, None]\nnetwork: {config: disabled}\nssh_genkeytypes: [ed25519]\n" + birth.DefaultUser);

        var id = generation == 0 ? instance.VmId : $"{instance.VmId}-{generation}";
        Put(directory, "var/lib/cloud/seed/nocloud/meta-data", birth.MetaData(id, instance.ComputerName));
        var user = Path.Combine(directory, "var/lib/cloud/seed/nocloud/user-data");
        File.WriteAllBytes(user, birth.UserData);
        SetModes(directory);

        // It may hold a token.
        File.SetUnixFileMode(user, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.SetUnixFileMode(Path.Combine(directory, "usr/lib/sandbox/hardware"), Executable);
    }

    internal static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(Firmware).Assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    // The machine's root directory has the modes of this one: what a narrow umask left out must not keep its users out.
    private static void SetModes(string directory)
    {
        File.SetUnixFileMode(directory, Executable);
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos("*", SearchOption.AllDirectories))
        {
            if (entry.LinkTarget is null)
            {
                File.SetUnixFileMode(entry.FullName, entry is DirectoryInfo ? Executable : Readable);
            }
        }
    }

    private static void Put(string directory, string file, string content)
    {
        var path = Path.Combine(directory, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }
}
