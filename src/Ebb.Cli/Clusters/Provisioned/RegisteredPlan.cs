using Ebb.Cli.Output;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>A plan in which nothing is left open: the subscription is registered with all that a cluster takes before it is made.</summary>
internal static class RegisteredPlan
{
    /// <summary>Asks before anything is registered.</summary>
    public static async Task<SessionPlan> AskAsync(ClusterSession session, ClusterCommandOptions options, Terminal terminal, CancellationToken ct)
    {
        var planned = await session.PlanAsync(release: null, ct);
        var missing = planned.Plan.Preflight.ToRegister;
        if (missing.IsEmpty)
        {
            return planned;
        }

        terminal.Say(Registration.Note(missing, session.Cloud.Arm.Subscription));
        await Consent.RequireAsync(Registration.Question(missing, session.Cloud.Arm.Subscription), options.Yes, terminal, ct);
        await new ProvisionView(terminal, options.Json, ClusterSession.Time).RunAsync(async tell => planned = await CompleteAsync(session, planned, tell, ct));
        return planned;
    }

    /// <summary>For whoever has asked already.</summary>
    public static async Task<SessionPlan> MakeAsync(ClusterSession session, Action<ProvisionEvent> tell, CancellationToken ct)
    {
        var planned = await session.PlanAsync(release: null, ct);
        return planned.Plan.Preflight.ToRegister.IsEmpty ? planned : await CompleteAsync(session, planned, tell, ct);
    }

    private static Task<SessionPlan> CompleteAsync(ClusterSession session, SessionPlan planned, Action<ProvisionEvent> tell, CancellationToken ct) =>
        new Registration(session.Cloud.Facts, ClusterSession.Time, ClusterSession.NewRandom(), tell)
            .CompleteAsync(planned.Plan.Preflight.ToRegister, again => session.PlanAsync(release: null, again), ct);
}
