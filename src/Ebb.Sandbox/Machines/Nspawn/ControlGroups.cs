namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>
/// The control groups of one machine: one in each hierarchy that the host has, so that the machine sees itself at the root of
/// all of them and its kubelet's groups are nobody else's. They also tell which processes are the machine's.
/// </summary>
internal sealed class ControlGroups
{
    private const string Root = "/sys/fs/cgroup";

    // Removing a group whose last process is just being buried takes another look or two.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly List<string> _groups;

    private ControlGroups(List<string> groups) => _groups = groups;

    /// <summary>Where hierarchies are mounted; one under the unified scheme, several under the old one.</summary>
    public static List<string> Mounted() =>
        File.Exists($"{Root}/cgroup.controllers") ? [Root]
        : Directory.Exists(Root) ? [.. Directory.GetDirectories(Root).Where(d => File.Exists($"{d}/cgroup.procs") && !new DirectoryInfo(d).Attributes.HasFlag(FileAttributes.ReparsePoint)).Order()]
        : [];

    public static bool Unified => File.Exists($"{Root}/cgroup.controllers");

    /// <summary>The files that a process writes itself into to become the machine's.</summary>
    public IEnumerable<string> ProcessFiles => _groups.Select(group => $"{group}/cgroup.procs");

    /// <summary>Makes the groups of one machine, within those of its sandbox.</summary>
    public static ControlGroups Create(string sandbox, string machine, int cpus, long memoryBytes)
    {
        List<string> groups = [];
        foreach (var hierarchy in Mounted())
        {
            var own = Path.Combine(hierarchy, sandbox);
            var group = Path.Combine(own, machine);
            Delegate(hierarchy, own);
            Delegate(own, group);
            groups.Add(group);

            // The machine is as large as it says.
            Limit(group, "cpu.cfs_quota_us", $"{cpus * 100_000L}");
            Limit(group, "cpu.max", $"{cpus * 100_000L} 100000");
            Limit(group, "memory.limit_in_bytes", $"{memoryBytes}");
            Limit(group, "memory.max", $"{memoryBytes}");
        }

        return new ControlGroups(groups);
    }

    /// <summary>All that there is of a sandbox's machines, whoever made them.</summary>
    public static ControlGroups OfSandbox(string sandbox) =>
        new([.. Mounted().Select(hierarchy => Path.Combine(hierarchy, sandbox)).Where(Directory.Exists)]);

    public IEnumerable<int> Processes() => _groups.SelectMany(ProcessesUnder).Distinct();

    /// <summary>Ends whatever runs in the groups, at once, and removes them.</summary>
    /// <exception cref="NspawnException">Something is still there after a while.</exception>
    public async Task RemoveAsync(TimeProvider time, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var left = Processes().ToList();
            foreach (var process in left)
            {
                Signals.Send(process, Signals.End);
            }

            if (left.Count == 0 && _groups.TrueForAll(RemoveGroup))
            {
                return;
            }

            if (time.GetElapsedTime(started) > Patience)
            {
                throw new NspawnException($"{_groups[0]} is still in use after {Patience.TotalSeconds:0} s, by processes {string.Join(' ', Processes())}.");
            }

            await Task.Delay(LookEvery, time, ct);
        }
    }

    private static void Delegate(string parent, string group)
    {
        if (Unified)
        {
            var offered = File.ReadAllText($"{parent}/cgroup.controllers").Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
            foreach (var controller in offered)
            {
                Limit(parent, "cgroup.subtree_control", $"+{controller}");
            }
        }

        Directory.CreateDirectory(group);
        foreach (var file in new[] { "cpuset.cpus", "cpuset.mems" })
        {
            // Under the old scheme a group has none of its own to begin with, and takes no process without.
            if (!Unified && File.Exists($"{group}/{file}"))
            {
                File.WriteAllText($"{group}/{file}", File.ReadAllText($"{parent}/{file}"));
            }
        }
    }

    private static void Limit(string group, string file, string value)
    {
        try
        {
            if (File.Exists($"{group}/{file}"))
            {
                File.WriteAllText($"{group}/{file}", value);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A host that keeps a controller to itself has machines that are larger than they say, which harms nothing.
        }
    }

    private static IEnumerable<int> ProcessesUnder(string group) =>
        Directories(group).SelectMany(d => Lines($"{d}/cgroup.procs")).Where(line => line.Length > 0).Select(int.Parse);

    private static bool RemoveGroup(string group)
    {
        // From the leaves up.
        foreach (var directory in Directories(group).OrderByDescending(d => d.Length))
        {
            try
            {
                Directory.Delete(directory);
            }
            catch (DirectoryNotFoundException)
            {
                // Gone is what is wanted.
            }
            catch (IOException)
            {
                return false;
            }
        }

        return true;
    }

    private static List<string> Directories(string group)
    {
        try
        {
            return Directory.Exists(group) ? [group, .. Directory.EnumerateDirectories(group, "*", SearchOption.AllDirectories)] : [];
        }
        catch (DirectoryNotFoundException)
        {
            // One below it went meanwhile: the next look tells.
            return [group];
        }
    }

    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (IOException)
        {
            // The group went between the two looks.
            return [];
        }
    }
}
