using System.Collections.Immutable;
using Ebb.Planning;

namespace Ebb.Cli.Reports;

/// <summary>What the loop would do about the picture of this instant.</summary>
internal sealed record PlanReport
{
    public required DateTimeOffset At { get; init; }

    public required ImmutableArray<DecisionReport> Decisions { get; init; }

    /// <summary>When time alone will change the plan; null when only events can.</summary>
    public DateTimeOffset? LookAgainAt { get; init; }

    public static PlanReport Of(Snapshot snapshot, Plan plan) => new()
    {
        At = snapshot.Now,
        Decisions = [.. plan.Decisions.Select(Of)],
        LookAgainAt = plan.LookAgainAt,
    };

    private static DecisionReport Of(Decision decision)
    {
        return decision switch
        {
            Decision.Grow grow => New("grow", grow.Pool.Pool.Name) with { By = grow.By },
            Decision.Remove remove => New("remove", remove.Pool.Pool.Name) with
            {
                Machines = [.. remove.Departures.Select(d => $"{d.Machine.Name}: {d.Reason}")],
            },
            Decision.NoteIdle { Since: null } note => New("forget idle", note.Node),
            Decision.NoteIdle note => New("note idle", note.Node),
            Decision.Steer steer => New("steer", steer.Node),
            Decision.Cordon cordon => New("cordon", cordon.Node),
            Decision.Release release => New("release", release.Node),
            Decision.Evict evict => New("evict", $"{evict.Namespace}/{evict.Pod}"),
            Decision.Protect protect => New(protect.Shielded ? "protect machines of" : "unprotect machines of", protect.Pool.Pool.Name),
            Decision.DeleteNode delete => New("delete node", delete.Node),
            Decision.Remember { Value: null } remember => New("forget", remember.Key),
            Decision.Remember remember => New("remember", remember.Key),
            _ => throw new InvalidOperationException($"No words for {decision.GetType().Name}."),
        };

        DecisionReport New(string action, string what) => new() { Action = action, What = what, Reason = decision.Reason };
    }
}

internal sealed record DecisionReport
{
    /// <summary>grow, remove, cordon, steer, release, evict, protect machines of, unprotect machines of, delete node, note idle, forget idle, remember or forget.</summary>
    public required string Action { get; init; }

    /// <summary>The pool, node or pod.</summary>
    public required string What { get; init; }

    /// <summary>How many machines more; null when it is not about growth.</summary>
    public int? By { get; init; }

    public ImmutableArray<string> Machines { get; init; } = [];

    public required string Reason { get; init; }

    public override string ToString() =>
        $"{Action} {What}{(By is { } by ? $" by {by}" : "")}: {Reason}{(Machines.IsEmpty ? "" : $" ({string.Join("; ", Machines)})")}";
}
