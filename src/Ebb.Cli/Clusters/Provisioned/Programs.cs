using System.Collections.Immutable;
using System.Security.Cryptography;
using Ebb.Cli.Provisioning;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>The programs that a cluster's machines fetch from its share: <c>ebb</c>, and <c>ebb-agent</c> for each architecture.</summary>
internal sealed record Programs(string Ebb, ImmutableSortedDictionary<string, string> Agents)
{
    /// <summary>Names a directory that has them as they lie in the share's <c>bin</c>.</summary>
    public const string Variable = "EBB_PROGRAMS";

    private static readonly ImmutableArray<string> Architectures = ["amd64", "arm64"];

    /// <param name="standalone">Whether they must run on another machine: without .NET, and without this source tree.</param>
    /// <exception cref="EbbException">They are not there.</exception>
    public static Programs Locate(bool standalone)
    {
        var directories = new List<string>();
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } told)
        {
            directories.Add(told);
        }
        else
        {
            directories.Add(Path.Combine(Launcher.Home, "artifacts", "programs"));
            directories.Add(AppContext.BaseDirectory);
            if (!standalone)
            {
                // As eng/agent.sh makes it for real machines of the sandbox.
                directories.Add(Path.Combine(Launcher.Home, "artifacts", "agent"));
            }
        }

        var ebb = Find(directories, "ebb");
        var agents = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var architecture in Architectures)
        {
            if (Find(directories, $"ebb-agent-{architecture}") is { } agent)
            {
                agents[architecture] = agent;
            }
        }

        if (ebb is not null && agents.Count > 0)
        {
            return new Programs(ebb, agents.ToImmutable());
        }

        if (standalone)
        {
            throw new EbbException(
                $"The programs for the cluster's machines are not there: {(ebb is null ? "'ebb' and " : "")}'ebb-agent-amd64' in {string.Join(" or ", directories)}. "
                + $"Make them with '{Path.Combine(Launcher.Home, "eng", "programs.sh")}', or let {Variable} name the directory that has them.");
        }

        // Whoever acts machines out in one process needs no program on them: what runs here stands for those that are missing.
        var here = Environment.ProcessPath ?? throw new InvalidOperationException("This process has no program file.");
        return new Programs(ebb ?? here, Architectures.ToImmutableSortedDictionary(a => a, a => agents.GetValueOrDefault(a, here), StringComparer.Ordinal));
    }

    public IEnumerable<ShareFile> Shared() =>
    [
        ShareFile.OfFile(SystemShare.Ebb, Ebb),
        .. Agents.Select(agent => ShareFile.OfFile(SystemShare.Agent(agent.Key), agent.Value)),
    ];

    public string EbbHash => Hash(Ebb);

    public ImmutableSortedDictionary<string, string> AgentHashes =>
        Agents.ToImmutableSortedDictionary(agent => agent.Key, agent => Hash(agent.Value), StringComparer.Ordinal);

    private static string? Find(IEnumerable<string> directories, string name) =>
        directories.Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);

    private static string Hash(string file)
    {
        using var content = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(content));
    }
}
