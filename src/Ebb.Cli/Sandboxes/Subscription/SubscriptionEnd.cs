using Ebb.Cli.Clusters.Provisioned;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>Ends the sandbox's subscription once nothing is in it: there is nothing to come back to.</summary>
internal static class SubscriptionEnd
{
    public static async Task IfEmptyAsync(ClusterSession session, CancellationToken ct)
    {
        if (!session.File.Cloud.IsSandbox)
        {
            return;
        }

        foreach (var group in new[] { session.File.Cloud.ComputeGroup, session.File.Cloud.StorageGroup })
        {
            if (await session.Cloud.Groups.FindAsync(group, ct) is not null)
            {
                return;
            }
        }

        await SandboxEnd.EndAsync(SandboxHome.OfSubscription(session.File.Name), ClusterSession.Time, ct);
    }
}
