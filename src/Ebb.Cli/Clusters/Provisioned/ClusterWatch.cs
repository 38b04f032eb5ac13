using System.Net;
using Ebb.Cli.Definition;
using Ebb.Cli.Output;
using Ebb.Kubernetes;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>What 'ebb watch' shows of a cluster of an <c>ebb.yaml</c> until that can be asked itself.</summary>
internal static class ClusterWatch
{
    // One that is not there, or not for this machine, may leave a connection without any answer.
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(10);

    /// <summary>Until the cluster answers, or nobody is at work on it.</summary>
    public static async Task RunAsync(string path, bool json, ILoggerFactory loggers, Terminal terminal, CancellationToken ct)
    {
        var file = ClusterFileReader.Read(path, Environment.GetEnvironmentVariable);
        var home = ClusterHome.Of(file.Name);
        ClusterSession? session = null;
        try
        {
            await new ProvisionView(terminal, json, ClusterSession.Time).RunAsync(tell => new DeploymentWatch(
                file,
                async cancel => (session ??= await ClusterSession.OpenAsync(path, hold: false, cancel))?.Cloud.Deployments,
                home.IsHeld,
                cancel => AnswersAsync(home, loggers, cancel),
                ClusterSession.Time,
                tell).RunAsync(ct));
        }
        finally
        {
            session?.Dispose();
        }
    }

    private static async Task<bool> AnswersAsync(ClusterHome home, ILoggerFactory loggers, CancellationToken ct)
    {
        if (home.ReadKubeconfig() is null)
        {
            return false;
        }

        using var client = KubeconfigReading.Open(home.Kubeconfig, ClusterSession.Time, loggers);
        using var discovery = new ApiDiscovery(client, ClusterSession.Time);
        using var deadline = new CancellationTokenSource(AnswersWithin, ClusterSession.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            await discovery.ServerVersionAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
        catch (KubeException e) when (e.Code is null or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError)
        {
            // Not there yet; or so young that it does not know yet whom it knows.
            return false;
        }
    }
}
