using System.Buffers;

namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>Whether systemd-nspawn machines can run here.</summary>
public static class NspawnSupport
{
    // Each machine's init, container runtime and kubelet watch files with these; the rest is for the host itself.
    private const int WatchersOfAMachine = 12;
    private const int WatchersOfTheHost = 32;

    // They part the options of an overlay.
    private static readonly SearchValues<char> NotInPaths = SearchValues.Create(":,\\\"\n");

    private static readonly (string Program, string Package)[] Programs =
    [
        ("systemd-nspawn", "systemd-container"), ("ip", "iproute2"), ("nsenter", "util-linux"), ("unshare", "util-linux"),
        ("setsid", "util-linux"), ("mount", "mount"),
    ];

    /// <summary>Why machines cannot run on this host, each with its remedy; empty when they can.</summary>
    public static IEnumerable<string> Problems()
    {
        foreach (var obstacle in Obstacles())
        {
            yield return obstacle;
        }

        var missing = Programs.Where(p => !IsOnPath(p.Program)).Select(p => p.Package).Distinct().ToList();
        if (missing.Count > 0)
        {
            yield return $"Packages are missing for systemd-nspawn machines: apt-get install {string.Join(' ', missing)}";
        }
    }

    /// <summary>Those of the causes that no package mends.</summary>
    public static IEnumerable<string> Obstacles()
    {
        if (!OperatingSystem.IsLinux())
        {
            yield return "systemd-nspawn machines need Linux.";
            yield break;
        }

        if (!Environment.IsPrivilegedProcess)
        {
            yield return "systemd-nspawn machines need root, for namespaces, mounts and control groups.";
        }

        // A module that is not loaded is not listed; mounting loads it, where modules can be loaded.
        if (!ReadLines("/proc/filesystems").Any(line => line.EndsWith("\toverlay", StringComparison.Ordinal)) && !Directory.Exists("/lib/modules"))
        {
            yield return "systemd-nspawn machines need overlayfs, which this kernel does not have.";
        }

        if (ControlGroups.Mounted().Count == 0)
        {
            yield return "systemd-nspawn machines need control groups, and none are mounted under /sys/fs/cgroup.";
        }
    }

    /// <summary>What is wrong with the options; empty when sound.</summary>
    public static IEnumerable<string> Problems(NspawnOptions options)
    {
        if (!Directory.Exists(Path.Combine(options.BaseRoot, "usr", "lib", "systemd")))
        {
            yield return $"There is no root file system for machines at {options.BaseRoot}; eng/machine.sh makes it.";
        }

        foreach (var path in new[] { options.Directory, options.BaseRoot }.Concat(options.Shared.SelectMany(s => new[] { s.Host, s.Machine })))
        {
            if (!Path.IsPathRooted(path) || path.AsSpan().ContainsAny(NotInPaths))
            {
                yield return $"'{path}' cannot be mounted into a machine: a path must be absolute and hold no colon, comma, quote or backslash.";
            }
        }

        foreach (var shared in options.Shared.Where(s => !Path.Exists(s.Host)))
        {
            yield return $"There is no {shared.Host}, which machines are to see as {shared.Machine}.";
        }
    }

    /// <summary>How many machines this host can run at a time, by what the kernel lets root watch of files.</summary>
    public static int MostMachines()
    {
        var limit = ReadLines("/proc/sys/fs/inotify/max_user_instances").FirstOrDefault();
        return int.TryParse(limit, out var instances) ? Math.Max(1, (instances - WatchersOfTheHost) / WatchersOfAMachine) : int.MaxValue;
    }

    /// <summary>What <c>fs.inotify.max_user_instances</c> must be for so many machines.</summary>
    public static int InstancesFor(int machines) => WatchersOfTheHost + (machines * WatchersOfAMachine);

    /// <summary>Whether processes here may make others less likely to be ended when memory runs out, as container runtimes like to.</summary>
    public static bool MayRaisePriority()
    {
        const int SystemResource = 24;
        var line = ReadLines("/proc/self/status").FirstOrDefault(l => l.StartsWith("CapEff:", StringComparison.Ordinal)) ?? "CapEff:\t0";
        return ((Convert.ToUInt64(line[7..].Trim(), 16) >> SystemResource) & 1) == 1;
    }

    private static bool IsOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Any(folder => Path.IsPathRooted(folder) && File.Exists(Path.Combine(folder, program)));

    private static string[] ReadLines(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];
}
