using Ebb.Cli.Definition;
using Ebb.Cli.Sandboxes;
using Ebb.Clouds.Azure;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Opens a cluster that was made from an <c>ebb.yaml</c>.</summary>
internal static class ProvisionedTarget
{
    /// <exception cref="EbbException">It is not up, or not from this machine.</exception>
    public static async Task<Target> OpenAsync(string path, ILoggerFactory loggers, CancellationToken ct)
    {
        var file = ClusterFileReader.Read(path, Environment.GetEnvironmentVariable);
        var kubeconfig = Kubeconfig(file, path);
        var sandbox = file.Cloud.IsSandbox ? SandboxHome.OfSubscription(file.Name) : null;
        var given = sandbox is not null
            ? sandbox.Running()?.Azure
                ?? throw new EbbException($"The sandbox's Azure for cluster '{file.Name}' does not run; with it the cluster has gone. 'ebb up' makes it anew.")
            : null;
        using var cloud = await CloudAccess.OpenAsync(file, given, TimeProvider.System, ct);
        return Target.Open(
            kubeconfig,
            new AzureScope(cloud.Arm.Subscription, file.Cloud.ComputeGroup, file.Cloud.Region, cloud.Arm.Endpoint),
            given,
            file.Cloud.Tenant,
            sandbox is null ? static () => [] : sandbox.Components,
            loggers);
    }

    /// <summary>Where the cluster's kubeconfig is.</summary>
    /// <exception cref="EbbException">There is none.</exception>
    public static string Kubeconfig(string path) => Kubeconfig(ClusterFileReader.Read(path, Environment.GetEnvironmentVariable), path);

    private static string Kubeconfig(ClusterFile file, string path)
    {
        var home = ClusterHome.Of(file.Name);
        return home.ReadKubeconfig() is not null
            ? home.Kubeconfig
            : throw new EbbException(
                $"Cluster '{file.Name}' of {path} is not up, or was made from another computer or without 'ebb up'. 'ebb up' makes it, and finds one that is there; where another computer made it, copy '{home.Keys}' here from that first.");
    }
}
