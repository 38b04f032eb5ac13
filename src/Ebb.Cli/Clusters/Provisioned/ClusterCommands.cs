using System.Text.Json;
using Ebb.Cli.Output;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Reports;
using Ebb.Cli.Sandboxes.Subscription;
using Ebb.Clouds.Azure.Deployments;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>How a command is to go about it.</summary>
/// <param name="Yes">Do not ask.</param>
internal sealed record ClusterCommandOptions(bool Yes, bool Json, bool Verbose);

/// <summary>What <c>ebb up</c>, <c>plan</c> and <c>down</c> do about a cluster of an <c>ebb.yaml</c>.</summary>
internal static class ClusterCommands
{
    public static async Task UpAsync(string path, SubscriptionSettings settings, bool force, ClusterCommandOptions options, Terminal terminal, CancellationToken ct)
    {
        using var session = await ClusterSession.ChangeAsync(path, settings, terminal.Say, ct);
        foreach (var note in session.Notes())
        {
            terminal.Say(note);
        }

        var earlier = new EarlierDeployments(session.File, session.Cloud.Deployments, ClusterSession.Time);
        if (await SubscriptionReading.RequireAsync(session.Cloud.Arm.Subscription, () => earlier.AnyAsync(ct)))
        {
            await new ProvisionView(terminal, options.Json, ClusterSession.Time).RunAsync(tell => earlier.AwaitAsync(tell, ct));
        }

        var (plan, files, keys) = await RegisteredPlan.AskAsync(session, options, terminal, ct);
        plan.RequirePossible();
        if (!force)
        {
            plan.ControlPlane!.RequireFollowing();
        }

        if (plan.Touches)
        {
            if (!options.Json)
            {
                ClusterPlanView.Print(plan, session.Cloud.Arm.Subscription, terminal);
            }

            await Consent.RequireAsync($"Change cluster '{session.File.Name}' so?", options.Yes, terminal, ct);
        }
        else if (!options.Json)
        {
            ClusterPlanView.Warn(plan, terminal);
        }

        using var loggers = Logs.ForLooking(options.Verbose);
        var server = "";
        try
        {
            await new ProvisionView(terminal, options.Json, ClusterSession.Time).RunAsync(
                async tell => server = await ApplyAsync(session, plan, files, keys, force, loggers, tell, ct));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            terminal.Say($"What was ordered so far goes on in Azure. '{Launcher.Command} up{session.Flag}' carries on; '{Launcher.Command} down{session.Flag}' removes it.");
            throw;
        }

        Tell(session, plan, server, options, terminal);
    }

    public static async Task PlanAsync(string path, ClusterCommandOptions options, Terminal terminal, CancellationToken ct)
    {
        using var session = await ClusterSession.ChangeAsync(path, new SubscriptionSettings(), _ => { }, ct);
        try
        {
            var (plan, _, _) = await session.PlanAsync(release: null, ct);
            if (options.Json)
            {
                terminal.Print(JsonSerializer.Serialize(ClusterPlanReport.Of(plan, session.Cloud.Arm.Subscription), ProvisionJson.Default.ClusterPlanReport));
            }
            else
            {
                ClusterPlanView.Print(plan, session.Cloud.Arm.Subscription, terminal);
            }
        }
        finally
        {
            await SubscriptionEnd.IfEmptyAsync(session, CancellationToken.None);
        }
    }

    public static async Task DownAsync(
        string path, DownScope scope, bool force, ClusterCommandOptions options, Terminal terminal, CancellationToken ct)
    {
        using var session = await ClusterSession.OpenAsync(path, hold: true, ct);
        if (session is null)
        {
            terminal.Say("The sandbox's subscription does not run: there is nothing of this cluster.");
            return;
        }

        var down = new ClusterDown(session.File, session.Cloud, static _ => { }, ClusterSession.Time);
        var plan = await down.PlanAsync(scope, force, ct);
        if (!plan.Groups.IsEmpty)
        {
            var what = string.Join(" and ", plan.Groups.Select(g => $"resource group {g.Name} with {Words.Count(g.Place.Resources.Length, "resource")}"));
            var data = plan.Groups.Any(g => g.Name == session.File.Cloud.StorageGroup) ? " All data on its shares and all of its keys go too." : "";
            await Consent.RequireAsync($"Delete {what}?{data}", options.Yes, terminal, ct);
            try
            {
                await new ProvisionView(terminal, options.Json, ClusterSession.Time).RunAsync(tell =>
                    new ClusterDown(session.File, session.Cloud, tell, ClusterSession.Time).ApplyAsync(plan, ct));
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                terminal.Say($"What was ordered to be deleted goes on being deleted. '{Launcher.Command} down{session.Flag}' carries on.");
                throw;
            }
        }

        if (scope is DownScope.Machines)
        {
            session.Home.Forget();
        }

        await SubscriptionEnd.IfEmptyAsync(session, ct);
        if (scope is not DownScope.Machines)
        {
            session.Home.Clean();
        }

        if (!options.Json)
        {
            terminal.Say(plan.Groups.IsEmpty ? $"There is nothing of {(scope is DownScope.Storage ? "the storage of " : "")}cluster '{session.File.Name}'."
                : scope is DownScope.Storage ? $"The storage of cluster '{session.File.Name}' is gone, with its keys."
                : scope is DownScope.Machines ? $"Cluster '{session.File.Name}' is down; its storage stays. '{Launcher.Command} up{session.Flag}' makes it anew."
                : $"Cluster '{session.File.Name}' is gone.");
        }
    }

    /// <summary>Brings a cluster to what its file and its keys are now, without a question: whoever calls has asked.</summary>
    /// <exception cref="EbbException">It cannot become so.</exception>
    public static async Task ApplyAsync(ClusterSession session, ILoggerFactory loggers, Action<ProvisionEvent> tell, CancellationToken ct)
    {
        var (plan, files, keys) = await RegisteredPlan.MakeAsync(session, tell, ct);
        plan.RequirePossible();
        plan.ControlPlane!.RequireFollowing();
        await ApplyAsync(session, plan, files, keys, force: false, loggers, tell, ct);
    }

    /// <returns>Where the API answers.</returns>
    private static async Task<string> ApplyAsync(
        ClusterSession session,
        ClusterPlan plan,
        IReadOnlyList<ShareFile> files,
        ClusterKeys keys,
        bool force,
        ILoggerFactory loggers,
        Action<ProvisionEvent> tell,
        CancellationToken ct)
    {
        var server = "";
        var reach = new UpReach(
            session.Cloud,
            () => session.Home.ReadKubeconfig() is not null,
            () => KubeconfigReading.Open(session.Home.Kubeconfig, ClusterSession.Time, loggers),
            session.Flag,
            ClusterSession.Time,
            ClusterSession.NewRandom,
            loggers);
        await new UpRun(plan, files, reach, force, tell).RunAsync(deployed => server = Reach(session, plan, deployed, keys), ct);
        return server;
    }

    /// <summary>Writes the kubeconfig.</summary>
    /// <returns>Where the API answers.</returns>
    private static string Reach(ClusterSession session, ClusterPlan plan, Deployment deployed, ClusterKeys keys)
    {
        var address = deployed.Output("address") ?? plan.Names.PublicName;
        var server = new UriBuilder(Uri.UriSchemeHttps, address, ResourceNames.ApiPort).Uri;
        session.Home.WriteKubeconfig(keys.Kubeconfig(session.File.Name, server, address == plan.Names.PublicName ? null : plan.Names.PublicName));
        return server.GetLeftPart(UriPartial.Authority);
    }

    private static void Tell(ClusterSession session, ClusterPlan plan, string server, ClusterCommandOptions options, Terminal terminal)
    {
        if (options.Json)
        {
            terminal.Print(JsonSerializer.Serialize(
                new ProvisionReport
                {
                    At = ClusterSession.Time.GetUtcNow(),
                    Event = "done",
                    Changed = !plan.Changes.IsEmpty,
                    Kubernetes = server,
                    Kubeconfig = session.Home.Kubeconfig,
                },
                ProvisionJson.Default.ProvisionReport));
            return;
        }

        var ebb = Launcher.Command;
        terminal.Print($"Cluster '{session.File.Name}' is up{(plan.Changes.IsEmpty ? "; nothing was changed" : "")}: Kubernetes at {server}");
        terminal.Print("");
        terminal.Print("Try next:");
        terminal.Print($"  export KUBECONFIG={Launcher.Quote(session.Home.Kubeconfig)}");
        terminal.Print("  kubectl get nodes");
        terminal.Print($"  {ebb} status -w{session.Flag}");
        terminal.Print($"  {ebb} down{session.Flag}");
        terminal.Print("");
    }
}
