using Ebb.Cli.ControlPlane;
namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>Starts the subscription that a cluster's file means by <c>endpoint: sandbox</c>, in a process of its own.</summary>
internal static class SubscriptionStart
{
    /// <summary>The one that runs, or a new and empty one.</summary>
    public static async Task<AzureAccess> EnsureAsync(
        string cluster, SubscriptionSettings settings, Action<string> say, TimeProvider time, CancellationToken ct)
    {
        var home = SandboxHome.OfSubscription(cluster);
        if (home.IsHosted())
        {
            var running = await SandboxStart.WaitAsync(home, time, ct);
            return settings.Kubernetes is not { } wanted || wanted == running.Kind
                ? running.Azure
                : throw new EbbException(
                    $"Cluster '{cluster}' is there already, with {Choices.Word(running.Kind)} Kubernetes. Leave --kubernetes out, or take the cluster down first with 'ebb down'.");
        }

        if (settings.Kubernetes is KubernetesKind.Real)
        {
            await BinariesBuild.EnsureAsync(say, ct);
            await MachineChoice.SettleAsync(MachineKind.Nspawn, say, ct);
        }

        say($"Starting the sandbox's Azure for cluster '{cluster}' ...");
        home.Create();
        var within = settings.Kubernetes is KubernetesKind.Real ? SandboxStart.RealUpWithin : SandboxStart.UpWithin;
        var state = await SandboxStart.LaunchAsync(home, ["subscription-host", "--name", cluster, .. settings.ToArguments()], settings.Withheld, within, time, ct);
        return state.Azure;
    }
}
