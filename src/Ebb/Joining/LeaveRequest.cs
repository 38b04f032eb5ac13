namespace Ebb.Joining;

/// <summary>A machine is about to stop: its node is to be emptied while it still can be.</summary>
public sealed record LeaveRequest
{
    /// <summary>The longest that a node is emptied for at a stretch, and the shortest notice of most that clouds announce.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    /// <summary>Azure announces what it expects a week ahead where it can. Whatever is further off counts as this until it comes nearer.</summary>
    public static readonly TimeSpan FarthestAhead = TimeSpan.FromDays(30);

    /// <summary>A machine that has been answered in advance asks again within this.</summary>
    public static readonly TimeSpan AsksAgainWithin = TimeSpan.FromMinutes(2);

    public required Proof Proof { get; init; }

    /// <summary>One of <see cref="LeaveReasons"/>, or of <see cref="NoticeKinds"/> when a notice is the reason.</summary>
    public required string Reason { get; init; }

    /// <summary>How many seconds are left. The most valuable work goes first; what is still there at the end is deleted.</summary>
    public required int SecondsLeft { get; init; }

    /// <summary>
    /// What a cloud has announced is so far off that there is no hurry: only what may be moved is told to go, and what needs all that
    /// time to end. The answer comes at once, and the machine asks again until the time is short.
    /// </summary>
    public bool InAdvance { get; init; }
}

public static class LeaveReasons
{
    /// <summary>It comes back as the same node: the Node object stays.</summary>
    public const string Reboot = "reboot";

    /// <summary>It is switched off, or deleted: the agent cannot tell. The Node object goes when the cloud says that the machine does.</summary>
    public const string Shutdown = "shutdown";
}

/// <summary>What came of a <see cref="LeaveRequest"/>.</summary>
public sealed record LeaveAnswer
{
    public required string Node { get; init; }

    /// <summary>Pods that were told to go.</summary>
    public int Evicted { get; init; }

    /// <summary>Pods that were still there at the end, those included that stay on a machine that comes back.</summary>
    public int Left { get; init; }

    /// <summary>Whether the Node object was deleted.</summary>
    public bool Deleted { get; init; }

    /// <summary>
    /// It ended early, since the node is no longer marked with what the machine leaves for. A machine that is told of it still has not
    /// been emptied, and must not agree that it begins.
    /// </summary>
    public bool CalledOff { get; init; }
}
