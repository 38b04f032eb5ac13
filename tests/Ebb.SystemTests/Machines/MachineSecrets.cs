using System.Text.RegularExpressions;
using Ebb.SystemTests.Commands;
using Ebb.SystemTests.Secrets;

namespace Ebb.SystemTests.Machines;

/// <summary>The secrets of a cluster and of a real machine of it, searched for in all that this machine says and that is said of it.</summary>
internal static partial class MachineSecrets
{
    private const string Bootstrap = "/etc/kubernetes/bootstrap-kubelet.conf";
    private const string OwnKeys = "/var/lib/kubelet/pki/kubelet-client-current.pem";

    /// <param name="cluster">The state of the cluster: its keys, and its cloud with all that runs there.</param>
    /// <param name="storage">The resource group of its storage accounts.</param>
    /// <returns>Each secret that was found, and where.</returns>
    public static async Task<IReadOnlyList<string>> AstrayAsync(Shell shell, string cluster, string storage, string machine, CancellationToken ct)
    {
        var cloud = Path.Combine(cluster, "cloud");
        var needles = new List<Needle>
        {
            Needle.OfText("the machine's token", Token().Match(await OnAsync("cat", Bootstrap)).Groups[1].Value),
            Needle.OfKey("the machine's key", PrivateKey().Match(await OnAsync("cat", OwnKeys)).Value, "(?!)"),
            Needle.OfKey("the SSH key", await File.ReadAllTextAsync(Path.Combine(cluster, "keys", "ssh"), ct), "(?!)"),
        };
        using (var records = await CloudRecords.OpenAsync(Path.Combine(cloud, "sandbox.json"), ct))
        {
            needles.AddRange((await records.KeysAsync(storage, ct)).Select(key => Needle.OfText($"a key of {key.Account}", key.Key)));
        }

        needles.AddRange(Files(cluster, "*.key").Select(file => Needle.OfKey(file, File.ReadAllText(file), "(?!)")));

        var said = new Haystack();
        foreach (var file in (string[])["/var/log/cloud-init.log", "/var/log/cloud-init-output.log"])
        {
            said.Add(file, await OnAsync("cat", file));
        }

        var journal = await OnAsync("journalctl", "--all", "--no-pager");
        Assert.Contains("ebb-agent", journal, StringComparison.Ordinal);
        said.Add("the machine's journal", journal);
        string[] logs = [Path.Combine(cloud, "machines", machine, "console.log"), .. Files(cloud, "*.log"), .. Files(cloud, "*.jsonl")];
        foreach (var log in logs)
        {
            said.Add(log, RealSandbox.ReadShared(log));
        }

        return said.Astray(needles);

        Task<string> OnAsync(params string[] command) => RealSandbox.OnMachineAsync(shell, machine, command);
    }

    /// <summary>What lies on this host, not on the disks of machines.</summary>
    private static IEnumerable<string> Files(string directory, string pattern) =>
    [
        .. Directory.EnumerateFiles(directory, pattern),
        .. Directory.EnumerateDirectories(directory).Where(path => Path.GetFileName(path) != "machines").SelectMany(path => Files(path, pattern)),
    ];

    [GeneratedRegex(@"token: ""[a-z0-9]{6}\.([a-z0-9]{16})""")]
    private static partial Regex Token();

    [GeneratedRegex("-----BEGIN [A-Z ]*PRIVATE KEY-----.*-----END [A-Z ]*PRIVATE KEY-----", RegexOptions.Singleline)]
    private static partial Regex PrivateKey();
}
