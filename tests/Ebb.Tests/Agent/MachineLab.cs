using Ebb.Agent;
using Ebb.Joining;

namespace Ebb.Tests.Agent;

/// <summary>A machine whose root is a directory, and whose programs only note that they were run.</summary>
internal sealed class MachineLab : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("ebb-agent-").FullName;

    public MachineLab() => Machine = new Machine(_root, (command, _) =>
    {
        Ran.Add(command);
        return Task.FromResult(Answers.GetValueOrDefault(Named(command.ToString())) ?? new CommandResult(0, ""));
    });

    public Machine Machine { get; }

    public List<Command> Ran { get; } = [];

    /// <summary>What programs answer, by their command lines; those that are missing answer nothing and succeed.</summary>
    public Dictionary<string, CommandResult> Answers { get; } = [];

    /// <summary>The command lines, as the machine would see them.</summary>
    public IEnumerable<string> Lines => Ran.Select(command =>
        string.Concat(command.Environment.Select(e => $"{e.Key}={e.Value} ")) + Named(command.ToString()));

    public static JoinAnswer Granted(string distribution = "kubelet") => new()
    {
        Node = "agents000000",
        ProviderId = "azure:///subscriptions/s/resourceGroups/farm/providers/Microsoft.Compute/virtualMachineScaleSets/agents/virtualMachines/0",
        Labels = new Dictionary<string, string> { ["ebb.dev/pool"] = "agents", ["topology.kubernetes.io/region"] = "eastus" },
        Taints = ["dedicated=render:NoSchedule"],
        Distribution = distribution,
        Version = distribution == "k3s" ? "v1.31.5+k3s1" : null,
        Servers = ["https://10.1.0.10:6443", "https://10.1.0.11:6443"],
        Authority = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        Token = distribution == "k3s" ? "K10abc::abcdef.0123456789abcdef" : "abcdef.0123456789abcdef",
    };

    public string Read(string path) => Machine.Read(path) ?? throw new FileNotFoundException(path);

    public void Put(string path, string content = "") => Machine.Write(path, content, Machine.Readable);

    public UnixFileMode ModeOf(string path) => File.GetUnixFileMode(Machine.PathOf(path));

    public IEnumerable<string> Files() =>
        Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories).Select(file => file[_root.Length..]).Order(StringComparer.Ordinal);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string Named(string text) => text.Replace(_root, "", StringComparison.Ordinal);
}
