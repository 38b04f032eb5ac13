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
            return (await SandboxStart.WaitAsync(home, time, ct)).Azure;
        }

        say($"Starting the sandbox's Azure for cluster '{cluster}' ...");
        home.Create();
        var state = await SandboxStart.LaunchAsync(home, ["subscription-host", "--name", cluster, .. settings.ToArguments()], settings.Withheld, SandboxStart.UpWithin, time, ct);
        return state.Azure;
    }
}
