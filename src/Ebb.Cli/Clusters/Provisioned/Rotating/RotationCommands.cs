using System.Collections.Immutable;
using System.Text.Json;
using Ebb.Cli.Output;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Reports;
using Ebb.Cli.Sandboxes.Subscription;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Config;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Clusters.Provisioned.Rotating;

/// <summary>What <c>ebb keys rotate</c> does.</summary>
internal static class RotationCommands
{
    public static async Task RotateAsync(
        string path, ImmutableArray<RotationKind> kinds, bool dryRun, ClusterCommandOptions options, Terminal terminal, CancellationToken ct)
    {
        using var session = await ClusterSession.ChangeAsync(path, new SubscriptionSettings(), terminal.Say, ct);
        try
        {
            var runs = await RequireFitAsync(session, kinds, ct);
            if (!options.Json || dryRun)
            {
                Announce(session, kinds, runs, terminal, dryRun ? terminal.Print : terminal.Say);
            }

            if (dryRun)
            {
                return;
            }

            Consent.Require($"Rotate {string.Join(", ", kinds.Select(kind => kind.What))} of cluster '{session.File.Name}'?", options.Yes, terminal);
            var outcomes = await RunAsync(session, kinds, runs, options, terminal, ct);
            Tell(session, outcomes, options, terminal);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            terminal.Say($"What was reached so far is kept. '{Launcher.Command} keys rotate{session.Flag} {string.Join(' ', kinds.Select(kind => kind.What))}' carries on.");
            throw;
        }
        finally
        {
            await SubscriptionEnd.IfEmptyAsync(session, CancellationToken.None);
        }
    }

    /// <returns>Whether the cluster has machines.</returns>
    /// <exception cref="EbbException">The cluster is not as its file says, or the keys are not Ebb's own.</exception>
    private static async Task<bool> RequireFitAsync(ClusterSession session, ImmutableArray<RotationKind> kinds, CancellationToken ct)
    {
        if (session.File.Access.SshKeyFile is { } own && kinds.Any(kind => kind.What == RotationKind.Ssh))
        {
            throw new EbbException($"The key is your own: access.sshKeyFile in {session.Path} names {own}. Name another file there; '{Launcher.Command} up{session.Flag}' tells it to all machines.");
        }

        if (await session.Cloud.Groups.FindAsync(session.File.Cloud.ComputeGroup, ct) is null)
        {
            return false;
        }

        throw new EbbException(
            $"Cluster '{session.File.Name}' has machines, which are not told of other keys yet. "
            + $"'{Launcher.Command} down{session.Flag} --keep-storage' first, then this, then '{Launcher.Command} up{session.Flag}'.");
    }

    private static void Announce(ClusterSession session, ImmutableArray<RotationKind> kinds, bool runs, Terminal terminal, Action<string> say)
    {
        var state = KeyState.Read(session.Home);
        foreach (var kind in kinds)
        {
            var at = state.PhaseOf(kind.What);
            say($"{kind.What}: {kind.Covers}{(at is null ? "" : $"; begun on {state.Rotations[kind.What].Begun:yyyy-MM-dd HH:mm} UTC")}");
            foreach (var phase in kind.Phases.SkipWhile(phase => at is not null && phase.Name != at))
            {
                say($"  - {phase.Does}");
            }

            say(runs ? $"  It costs: {kind.Costs}." : "  There are no machines: nothing restarts, and nothing is waited for.");
        }
    }

    private static async Task<ImmutableArray<RotationOutcome>> RunAsync(
        ClusterSession session, ImmutableArray<RotationKind> kinds, bool runs, ClusterCommandOptions options, Terminal terminal, CancellationToken ct)
    {
        using var loggers = Logs.ForLooking(options.Verbose);
        var outcomes = ImmutableArray.CreateBuilder<RotationOutcome>();
        await new ProvisionView(terminal, options.Json, ClusterSession.Time).RunAsync(async tell =>
        {
            var work = new RotationWork(
                session.File,
                session.Flag,
                session.Home,
                session.Cloud,
                apply: null,
                cancel => NodesAsync(session.Home, loggers, cancel));
            foreach (var kind in kinds)
            {
                outcomes.Add(await new RotationRun(session.Home, work, ClusterSession.Time, tell).RunAsync(kind, ct));
            }
        });
        return outcomes.ToImmutable();
    }

    private static async Task<IReadOnlyList<NodeKeys>> NodesAsync(ClusterHome home, ILoggerFactory loggers, CancellationToken ct)
    {
        var connection = new Kubeconfig(Yaml.ToJson, Environment.GetEnvironmentVariable, ClusterSession.Time).Load(home.Kubeconfig, null);
        using var client = new KubeClient(connection, ClusterSession.Time, loggers.CreateLogger<KubeClient>());
        return
        [
            .. (await client.ListAsync(Resources.Nodes, new Selection(), fromCache: false, ct)).Items
                .Select(node => new NodeKeys(node.Metadata.Name, node.Metadata.Annotations?.GetValueOrDefault(Marks.SharesKey))),
        ];
    }

    private static void Tell(ClusterSession session, ImmutableArray<RotationOutcome> outcomes, ClusterCommandOptions options, Terminal terminal)
    {
        if (options.Json)
        {
            var state = KeyState.Read(session.Home);
            var report = new ProvisionReport
            {
                At = ClusterSession.Time.GetUtcNow(),
                Event = "done",
                Rotations =
                [
                    .. outcomes.Select(o => new RotationReport(
                        o.Kind.What, state.Rotations.GetValueOrDefault(o.Kind.What)?.Begun, state.PhaseOf(o.Kind.What), o.HeldBy.IsEmpty, o.HeldBy)),
                ],
            };
            terminal.Print(JsonSerializer.Serialize(report, ProvisionJson.Default.ProvisionReport));
            return;
        }

        foreach (var outcome in outcomes)
        {
            if (outcome.HeldBy.IsEmpty)
            {
                terminal.Print($"{outcome.Kind.What}: {outcome.Kind.Afterwards}.");
                continue;
            }

            terminal.Print($"{outcome.Kind.What}: the new one is in force everywhere, and the one before still works, for:");
            foreach (var held in outcome.HeldBy)
            {
                terminal.Print($"  - {held}");
            }

            terminal.Print($"Then '{Launcher.Command} keys rotate{session.Flag} {outcome.Kind.What}' finishes it.");
        }
    }
}
