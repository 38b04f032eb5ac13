using System.Collections.Immutable;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>
/// A cluster to log in to. Azure is asked only where neither file nor login say which subscription is meant, from which the control
/// plane's public name follows: logs are wanted most when something does not work.
/// </summary>
internal sealed record SshTarget(ClusterFile File, ResourceNames Names, ClusterHome Home)
{
    public static async Task<SshTarget> OfAsync(string path, CancellationToken ct)
    {
        var file = ClusterFileReader.Read(path, Environment.GetEnvironmentVariable);
        var home = ClusterHome.Of(file.Name);
        if (file.Cloud.IsSandbox || file.Network.DnsLabel is not null)
        {
            // The name stands in the file, or there is none.
            return new SshTarget(file, new ResourceNames(file, file.Cloud.Subscription ?? ""), home);
        }

        if (SubscriptionChoice.Named(file.Cloud.Subscription, Environment.GetEnvironmentVariable, out _) is { } named)
        {
            return new SshTarget(file, new ResourceNames(file, named), home);
        }

        using var session = await ClusterSession.OpenAsync(path, hold: false, ct);
        return new SshTarget(file, new ResourceNames(file, session!.Cloud.Arm.Subscription), home);
    }

    public ImmutableArray<string> Line(int machine, IEnumerable<string> more, params string[] command) => SshLine.Of(File, Names, Home, machine, more, command);

    /// <summary>Runs it on this terminal until it ends.</summary>
    public Task RunAsync(int machine, IEnumerable<string> more, string[] command, CancellationToken ct) => Run(machine, more, command).RunAsync(to: null, ct);

    /// <summary>Runs a command that asks nothing, and passes its lines on.</summary>
    public Task RunAsync(int machine, string[] command, Action<string> print, Action<string> say, CancellationToken ct) =>
        Run(machine, ["-n"], command).RunAsync((print, say), ct);

    private SshRun Run(int machine, IEnumerable<string> more, string[] command) =>
        new(Line(machine, more, command), $"Control-plane machine {machine} of cluster '{File.Name}'", $"{Names.PublicName}:{ResourceNames.SshPort(File, machine)}", Home.KnownHosts);
}
