using System.Globalization;
using System.Text;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>
/// What a machine sees of its processors and memory: files that stand before the host's own, so that a kubelet finds the size
/// that the cloud sold.
/// </summary>
internal static class Hardware
{
    // Firmware and kernel keep a little of the advertised memory to themselves.
    private const double GuestMemoryShare = 0.978;

    // The kubelet sets these of the whole machine, and takes them for set when it reads them so.
    private static readonly (string File, string Value)[] KernelSettings =
    [
        ("vm/overcommit_memory", "1"), ("vm/panic_on_oom", "0"), ("kernel/panic", "10"), ("kernel/panic_on_oops", "1"),
        ("kernel/keys/root_maxkeys", "1000000"), ("kernel/keys/root_maxbytes", "25000000"),
    ];

    public static long MemoryBytes(Size size) => (long)(size.MemoryGiB * (1L << 30) * GuestMemoryShare) >> 12 << 12;

    /// <param name="directory">Where the machine has it as <c>/usr/lib/sandbox</c>.</param>
    public static void Write(string directory, Size size)
    {
        var memory = MemoryBytes(size) / 1024;
        Put(directory, "meminfo", $"MemTotal: {memory,15} kB\nMemFree: {memory,16} kB\nMemAvailable: {memory,11} kB\nBuffers: {0,16} kB\nCached: {0,17} kB\nSwapCached: {0,13} kB\nSwapTotal: {0,14} kB\nSwapFree: {0,15} kB\n");
        Put(directory, "cpuinfo", CpuList(size.VCpus));
        PutProcessors(Path.Combine(directory, "cpu"), size.VCpus);
        PutMemoryNode(Path.Combine(directory, "node"), size.VCpus, memory);
        foreach (var (file, value) in KernelSettings)
        {
            Put(directory, $"sys/{file}", value + "\n");
        }
    }

    // As the host's processors are, but as many as the machine has.
    private static string CpuList(int count)
    {
        var first = File.ReadAllText("/proc/cpuinfo").Split("\n\n")[0].Split('\n');
        var list = new StringBuilder();
        for (var cpu = 0; cpu < count; cpu++)
        {
            foreach (var line in first)
            {
                var name = line.Split(':')[0];
                list.Append(name.TrimEnd() switch
                {
                    "processor" or "core id" or "apicid" or "initial apicid" => $"{name}: {cpu}",
                    "siblings" or "cpu cores" => $"{name}: {count}",
                    "physical id" => $"{name}: 0",
                    _ => line,
                }).Append('\n');
            }

            list.Append('\n');
        }

        return list.ToString();
    }

    private static void PutProcessors(string directory, int count)
    {
        var all = count == 1 ? "0" : $"0-{count - 1}";
        foreach (var file in new[] { "online", "possible", "present" })
        {
            Put(directory, file, all + "\n");
        }

        Put(directory, "offline", "\n");
        for (var cpu = 0; cpu < count; cpu++)
        {
            var one = $"cpu{cpu}";
            Put(directory, $"{one}/online", "1\n");
            Put(directory, $"{one}/topology/core_id", $"{cpu}\n");
            Put(directory, $"{one}/topology/physical_package_id", "0\n");
            Put(directory, $"{one}/topology/thread_siblings_list", $"{cpu}\n");
            Put(directory, $"{one}/topology/core_siblings_list", all + "\n");
        }
    }

    private static void PutMemoryNode(string directory, int cpus, long kibibytes)
    {
        foreach (var file in new[] { "online", "possible", "has_cpu", "has_memory", "has_normal_memory" })
        {
            Put(directory, file, "0\n");
        }

        Put(directory, "node0/meminfo", $"Node 0 MemTotal: {kibibytes,15} kB\nNode 0 MemFree: {kibibytes,16} kB\nNode 0 MemUsed: {0,16} kB\n");
        Put(directory, "node0/cpulist", cpus == 1 ? "0\n" : $"0-{cpus - 1}\n");
        Put(directory, "node0/distance", "10\n");
        Directory.CreateDirectory(Path.Combine(directory, "node0", "hugepages"));
        for (var cpu = 0; cpu < cpus; cpu++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"cpu{cpu}");
            File.CreateSymbolicLink(Path.Combine(directory, "node0", name), $"../../cpu/{name}");
        }
    }

    private static void Put(string directory, string file, string content)
    {
        var path = Path.Combine(directory, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }
}
