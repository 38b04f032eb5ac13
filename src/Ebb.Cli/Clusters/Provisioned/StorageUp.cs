using System.Text.Json;
using Ebb.Cli.Output;
using Ebb.Cli.Sandboxes.Subscription;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Makes the storage of a cluster and no machines: for data that is to be there before them.</summary>
internal static class StorageUp
{
    public static async Task RunAsync(string path, SubscriptionSettings settings, ClusterCommandOptions options, Terminal terminal, CancellationToken ct)
    {
        using var session = await ClusterSession.ChangeAsync(path, settings, terminal.Say, ct);
        var (plan, files, _) = await RegisteredPlan.AskAsync(session, options, terminal, ct);
        plan.RequirePossible();
        var group = session.File.Cloud.StorageGroup;
        if (plan.Changes.Any(change => change.Group == group && change.Touches))
        {
            await Consent.RequireAsync($"Change what is in resource group '{group}'?", options.Yes, terminal, ct);
        }

        await new ProvisionView(terminal, options.Json, ClusterSession.Time).RunAsync(tell =>
            new ClusterUp(session.Cloud, ClusterSession.Time, ClusterSession.NewRandom(), tell).ApplyStorageAsync(plan, files, ct));
        var changed = plan.Changes.Any(change => change.Group == group);
        terminal.Print(options.Json
            ? JsonSerializer.Serialize(new ProvisionReport { At = ClusterSession.Time.GetUtcNow(), Event = "done", Changed = changed }, ProvisionJson.Default.ProvisionReport)
            : $"The storage of cluster '{session.File.Name}' is there, in resource group {group}. '{Launcher.Command} up{session.Flag}' makes its machines.");
    }
}
