using Ebb.Joining;
using Ebb.Scheduling;

namespace Ebb.Planning;

/// <summary>The end of a node's machine, as the cloud or the machine itself has announced it by marks on the node.</summary>
/// <param name="Kind">For people: <c>Preempt</c>, <c>Terminate</c>, <c>shutdown</c>.</param>
/// <param name="At">Not before.</param>
internal sealed record Announcement(string Kind, DateTimeOffset At)
{
    // Clouds are late at times; a node that is up so long after its announced end was spared.
    private static readonly TimeSpan Spared = TimeSpan.FromMinutes(10);

    /// <summary>Who boots or stands still comes back: what is bought instead would come too late and stay too long.</summary>
    private static readonly string[] Ends = [NoticeKinds.Preempt, NoticeKinds.Terminate, LeaveReasons.Shutdown];

    /// <summary>When it no longer counts.</summary>
    public DateTimeOffset Over => At < DateTimeOffset.MaxValue - Spared ? At + Spared : DateTimeOffset.MaxValue;

    /// <summary>Null for none, for one that the machine survives, and for one that is over.</summary>
    public static Announcement? Of(Node node, DateTimeOffset now) =>
        node.Annotations.Count > 0
        && node.Annotations.GetValueOrDefault(Marks.Notice)?.Split(' ') is [var kind, var time]
        && Ends.Contains(kind, StringComparer.Ordinal)
        && Notes.ReadTime(time) is { } at
        && node.Shape.Taints.Any(taint => taint is { Key: Marks.Leaving, Effect: TaintEffect.NoSchedule })
        && now - at < Spared
        && !IsWorkedOn(kind, node)
            ? new Announcement(kind, at)
            : null;

    /// <summary>Until when a node takes nothing new for an interruption that its machine survives; null for none.</summary>
    public static DateTimeOffset? SparedUntil(Standing node) =>
        node.Spared && node.Node.Annotations.GetValueOrDefault(Marks.Notice)?.Split(' ') is [_, var time] ? Notes.ReadTime(time) : null;

    /// <summary>A person has it reimaged or stopped: the machine shuts down and is the same again afterwards.</summary>
    private static bool IsWorkedOn(string kind, Node node) => kind == LeaveReasons.Shutdown && node.Annotations.ContainsKey(Marks.Operating);
}
