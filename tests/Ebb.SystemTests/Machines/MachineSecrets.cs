using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Ebb.SystemTests.Commands;
using Ebb.SystemTests.Secrets;

namespace Ebb.SystemTests.Machines;

/// <summary>The secrets of a cluster and of a real machine of it, searched for in all that this machine says and that is said of it.</summary>
internal static partial class MachineSecrets
{
    private const string Bootstrap = "/etc/kubernetes/bootstrap-kubelet.conf";
    private const string OwnKeys = "/var/lib/kubelet/pki/kubelet-client-current.pem";
    private const string Nowhere = "(?!)";

    private static readonly string[] Logs = ["/var/log/cloud-init-output.log", "/var/log/cloud-init.log"];

    /// <summary>None of the secrets is in its logs, its journal, its user data or these files; a text that was put into each log is found there.</summary>
    /// <param name="told">Files of this host with what was said of the machine.</param>
    public static async Task AssertUntoldAsync(Shell shell, string machine, IReadOnlyList<Needle> secrets, IEnumerable<string> told)
    {
        var planted = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        await OnAsync("sh", "-c", $"echo {planted} | tee -a {string.Join(' ', Logs)} | systemd-cat -t planted && journalctl --sync");
        var said = new Haystack();
        foreach (var file in Logs)
        {
            said.Add(file, await OnAsync("cat", file));
        }

        said.Add("the journal", await OnAsync("journalctl", "--all", "--no-pager"));
        said.Add("the user data", await OnAsync("zcat", "-f", "/var/lib/cloud/instance/user-data.txt"));
        foreach (var file in told)
        {
            said.Add(file, RealSandbox.ReadShared(file));
        }

        Assert.Empty(said.Astray(secrets));
        Assert.Equal(
            [.. Logs.Append("the journal").Select(place => $"planted, as it is, is in {place}")],
            said.Astray([Needle.OfText("planted", planted)]).Order(StringComparer.Ordinal));

        Task<string> OnAsync(params string[] command) => RealSandbox.OnMachineAsync(shell, machine, command);
    }

    /// <summary>What a machine with a kubelet has, and its cluster on the sandbox's Azure.</summary>
    /// <param name="cluster">The state of the cluster: its keys, and its cloud with all that runs there.</param>
    /// <param name="storage">The resource group of its storage accounts.</param>
    public static async Task<IReadOnlyList<Needle>> OfKubeletAsync(Shell shell, string cluster, string storage, string machine, CancellationToken ct)
    {
        using var records = await CloudRecords.OpenAsync(Path.Combine(cluster, "cloud", "sandbox.json"), ct);
        return
        [
            Needle.OfText("the machine's token", Token().Match(await RealSandbox.OnMachineAsync(shell, machine, "cat", Bootstrap)).Groups[1].Value),
            Needle.OfKey("the machine's key", PrivateKey().Match(await RealSandbox.OnMachineAsync(shell, machine, "cat", OwnKeys)).Value, Nowhere),
            .. (await records.KeysAsync(storage, ct)).Select(key => Needle.OfText($"a key of {key.Account}", key.Key)),
            .. OfKeys(cluster),
        ];
    }

    /// <summary>Every private key in a file below, but on the disks of machines.</summary>
    /// <param name="cluster">The state of a cluster.</param>
    public static IEnumerable<Needle> OfKeys(string cluster) =>
        Files(cluster, "*.key").Append(Path.Combine(cluster, "keys", "ssh")).Select(file => Needle.OfKey(file, File.ReadAllText(file), Nowhere));

    /// <summary>What lies on this host, not on the disks of machines.</summary>
    public static IEnumerable<string> Files(string directory, string pattern) =>
    [
        .. Directory.EnumerateFiles(directory, pattern),
        .. Directory.EnumerateDirectories(directory).Where(path => Path.GetFileName(path) != "machines").SelectMany(path => Files(path, pattern)),
    ];

    [GeneratedRegex(@"token: ""[a-z0-9]{6}\.([a-z0-9]{16})""")]
    private static partial Regex Token();

    [GeneratedRegex("-----BEGIN [A-Z ]*PRIVATE KEY-----.*-----END [A-Z ]*PRIVATE KEY-----", RegexOptions.Singleline)]
    private static partial Regex PrivateKey();
}
