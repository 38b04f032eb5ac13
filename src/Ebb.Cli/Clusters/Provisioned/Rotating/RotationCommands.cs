using System.Collections.Immutable;
using System.Text.Json;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Definition;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Cli.Sandboxes.Subscription;
using Ebb.Kubernetes;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Clusters.Provisioned.Rotating;

/// <summary>What <c>ebb keys rotate</c> does.</summary>
internal static class RotationCommands
{
    // 'k3s token rotate' came with the releases of October 2023: https://github.com/k3s-io/k3s/pull/8265.
    private static readonly K3sRelease ExchangesPasswords = K3sRelease.Parse("v1.28.3+k3s1")!.Value;

    // The first of each line with which every server takes up authorities that the store has, whichever server it asks, and starts
    // afterwards: k3s-io/k3s issues 11014 and 11233.
    private static readonly ImmutableArray<K3sRelease> ReplaceAuthorities =
        [.. new[] { "v1.29.15+k3s1", "v1.30.11+k3s1", "v1.31.7+k3s1", "v1.32.3+k3s1" }.Select(release => K3sRelease.Parse(release)!.Value)];

    public static async Task RotateAsync(
        string path, ImmutableArray<RotationKind> kinds, bool dryRun, ClusterCommandOptions options, Terminal terminal, CancellationToken ct)
    {
        using var session = await ClusterSession.ChangeAsync(path, new SubscriptionSettings(), terminal.Say, ct);

        // What was cut short comes first, whatever else is to be begun.
        kinds = [.. kinds.OrderByDescending(kind => KeyState.Read(session.Home).PhaseOf(kind.What) is not (null or RotationPhase.Wait))];
        try
        {
            var runs = await RequireFitAsync(session, kinds, ct);
            if (dryRun)
            {
                await TellPlanAsync(session, kinds, runs, options, terminal, ct);
                return;
            }

            if (!options.Json)
            {
                Announce(session, kinds, runs, terminal.Say);
            }

            await Consent.RequireAsync($"Rotate {string.Join(", ", kinds.Select(kind => kind.What))} of cluster '{session.File.Name}'?", options.Yes, terminal, ct);
            var outcomes = await RunAsync(session, kinds, runs, options, terminal, ct);
            Tell(session, outcomes, options, terminal);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            var state = KeyState.Read(session.Home);
            var begun = kinds.Where(kind => state.PhaseOf(kind.What) is not null).Select(kind => kind.What).ToList();
            terminal.Say(begun.Count == 0
                ? "No rotation is under way."
                : $"What was reached so far is kept. '{Launcher.Command} keys rotate{session.Flag} {string.Join(' ', begun)}' carries on.");
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
            await session.RequireOwnKeysAsync(ct);
            return false;
        }

        var state = KeyState.Read(session.Home);
        var restarting = state.Rotations.FirstOrDefault(r =>
            r.Key is ClusterKeys.Certificates or RotationKind.Passwords or ClusterAuthorities.What && r.Value.Phase != RotationPhase.Wait).Key;
        if (restarting is { } begun && kinds[0].What != begun)
        {
            throw new EbbException($"A rotation of {begun} is under way, in which k3s' servers restart: '{Launcher.Command} keys rotate{session.Flag} {begun}' first.");
        }

        // What was cut short has its own changes on the way; otherwise a rotation shall carry no others.
        var plan = state.Rotations.IsEmpty ? await session.LookAsync(ct) : (await session.PlanAsync(release: null, ct)).Plan;
        if (state.Rotations.Values.All(rotation => rotation.Phase == RotationPhase.Wait)
            && (plan.IsDue(plan.Storage.Group) || plan.IsDue(plan.Compute.Group) || plan.ControlPlane is { Changes.IsEmpty: false }))
        {
            throw new EbbException($"Cluster '{session.File.Name}' is not as {session.Path} says ('{Launcher.Command} plan{session.Flag}' shows how). '{Launcher.Command} up{session.Flag}' first: keys are rotated on a cluster that is as it should be.");
        }

        if (kinds.Any(kind => kind.What == RotationKind.Passwords))
        {
            RequireExchange(session.File, plan.ControlPlane?.Orders.Release);
        }

        if (kinds.Any(kind => kind.What == ClusterAuthorities.What))
        {
            RequireReplacement(session.File, plan.ControlPlane?.Orders.Release);
        }

        return true;
    }

    /// <exception cref="EbbException">What runs cannot exchange its passwords.</exception>
    private static void RequireExchange(ClusterFile file, string? release)
    {
        if (file.Kubernetes.Distribution is not Distribution.K3s)
        {
            throw new EbbException("Passwords are k3s' own; 'kubernetes.distribution' is another, which has none to rotate.");
        }

        if (release is null || K3sRelease.Parse(release) is not { } runs || runs < ExchangesPasswords)
        {
            throw new EbbException($"k3s exchanges its password since {ExchangesPasswords}; {release ?? "an unknown release"} runs. '{Launcher.Command} upgrade' first.");
        }
    }

    /// <exception cref="EbbException">What runs cannot take up other authorities.</exception>
    public static void RequireReplacement(ClusterFile file, string? release)
    {
        if (file.Kubernetes.Distribution is not Distribution.K3s)
        {
            throw new EbbException("Authorities are rotated where k3s runs; 'kubernetes.distribution' is another. Those are good for ten years: make the cluster anew before.");
        }

        if (release is null || K3sRelease.Parse(release) is not { } runs
            || runs < (ReplaceAuthorities.FirstOrDefault(first => first.Minor == runs.Minor) is { Minor: > 0 } line ? line : ReplaceAuthorities[0]))
        {
            throw new EbbException(
                $"k3s takes up other authorities without fail since {string.Join(", ", ReplaceAuthorities)} and in later lines; {release ?? "an unknown release"} runs. '{Launcher.Command} upgrade' first.");
        }
    }

    private static void Announce(ClusterSession session, ImmutableArray<RotationKind> kinds, bool runs, Action<string> say)
    {
        var state = KeyState.Read(session.Home);
        foreach (var kind in kinds)
        {
            say($"{kind.What}: {kind.Covers}{(state.PhaseOf(kind.What) is null ? "" : $"; begun on {state.Rotations[kind.What].Begun:yyyy-MM-dd HH:mm} UTC")}");
            foreach (var phase in kind.From(state.PhaseOf(kind.What)))
            {
                say($"  - {phase.Does}");
            }

            say(runs ? $"  It costs: {kind.Costs}." : "  There are no machines: nothing restarts, and nothing is waited for.");
        }
    }

    /// <summary>What would be done, and what holds up those that wait; nothing is changed.</summary>
    private static async Task TellPlanAsync(
        ClusterSession session, ImmutableArray<RotationKind> kinds, bool runs, ClusterCommandOptions options, Terminal terminal, CancellationToken ct)
    {
        using var loggers = Logs.ForLooking(options.Verbose);
        var work = Work(session, runs ? static _ => Task.CompletedTask : null, loggers);
        var state = KeyState.Read(session.Home);
        var waiting = new Dictionary<string, ImmutableArray<string>>(StringComparer.Ordinal);
        foreach (var kind in kinds.Where(kind => state.PhaseOf(kind.What) == RotationPhase.Wait))
        {
            waiting[kind.What] = await work.CarryOutAsync(kind.What, RotationPhase.Wait, ct);
        }

        if (options.Json)
        {
            Print(terminal, "dry-run", kinds.Select(kind => new RotationReport(
                kind.What,
                state.Rotations.GetValueOrDefault(kind.What)?.Begun,
                kind.From(state.PhaseOf(kind.What)).First().Name,
                Finished: false,
                waiting.TryGetValue(kind.What, out var held) ? held : null)
            {
                Steps = [.. kind.From(state.PhaseOf(kind.What)).Select(phase => phase.Does)],
                Costs = runs ? kind.Costs : null,
            }));
            return;
        }

        Announce(session, kinds, runs, terminal.Print);
        foreach (var (kind, held) in waiting.SelectMany(kind => kind.Value.Select(held => (kind.Key, held))))
        {
            terminal.Print($"{kind} waits for: {held}");
        }
    }

    private static RotationWork Work(ClusterSession session, Func<CancellationToken, Task>? apply, ILoggerFactory loggers) =>
        new(session.File, session.Flag, session.Home, session.Cloud, apply, ct => NodesAsync(session.Home, loggers, ct));

    private static async Task<ImmutableArray<RotationOutcome>> RunAsync(
        ClusterSession session, ImmutableArray<RotationKind> kinds, bool runs, ClusterCommandOptions options, Terminal terminal, CancellationToken ct)
    {
        using var loggers = Logs.ForLooking(options.Verbose);
        var outcomes = ImmutableArray.CreateBuilder<RotationOutcome>();
        await new ProvisionView(terminal, options.Json, ClusterSession.Time).RunAsync(async tell =>
        {
            var work = Work(session, runs ? cancel => ClusterCommands.ApplyAsync(session, loggers, tell, cancel) : null, loggers);
            foreach (var kind in kinds)
            {
                outcomes.Add(await new RotationRun(session.Home, work, ClusterSession.Time, tell).RunAsync(kind, ct));
            }
        });
        return outcomes.ToImmutable();
    }

    private static async Task<IReadOnlyList<NodeKeys>> NodesAsync(ClusterHome home, ILoggerFactory loggers, CancellationToken ct)
    {
        using var client = KubeconfigReading.Open(home.Kubeconfig, ClusterSession.Time, loggers);
        return
        [
            .. (await client.ListAsync(Resources.Nodes, new Selection(), fromCache: false, ct)).Items
                .Select(node => new NodeKeys(
                    node.Metadata.Name, node.Metadata.Annotations?.GetValueOrDefault(Marks.SharesKey), node.Metadata.Annotations?.GetValueOrDefault(Marks.Authority))
                {
                    OldDisk = node.Metadata.Annotations?.ContainsKey(Marks.Reimage) is true,
                }),
        ];
    }

    private static void Tell(ClusterSession session, ImmutableArray<RotationOutcome> outcomes, ClusterCommandOptions options, Terminal terminal)
    {
        if (options.Json)
        {
            var state = KeyState.Read(session.Home);
            Print(terminal, "done", outcomes.Select(o => new RotationReport(
                o.Kind.What, state.Rotations.GetValueOrDefault(o.Kind.What)?.Begun, state.PhaseOf(o.Kind.What), o.HeldBy.IsEmpty, o.HeldBy)));
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

    private static void Print(Terminal terminal, string what, IEnumerable<RotationReport> rotations) => terminal.Print(JsonSerializer.Serialize(
        new ProvisionReport { At = ClusterSession.Time.GetUtcNow(), Event = what, Rotations = [.. rotations] }, ProvisionJson.Default.ProvisionReport));
}
