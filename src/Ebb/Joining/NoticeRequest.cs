namespace Ebb.Joining;

/// <summary>
/// The cloud has announced something about this machine. All that is announced now, and only that: what is missing here and was
/// told before has been called off, or is over.
/// </summary>
public sealed record NoticeRequest
{
    public required Proof Proof { get; init; }

    public required IReadOnlyList<Notice> Notices { get; init; }
}

/// <summary>One thing that the cloud will do to a machine.</summary>
public sealed record Notice
{
    /// <summary>The cloud's id of it.</summary>
    public required string Id { get; init; }

    /// <summary>One of <see cref="NoticeKinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Not before; null: it has begun.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>How long it takes, as the cloud says; null when it does not.</summary>
    public int? Seconds { get; init; }
}

/// <summary>What a cloud announces, in its own words.</summary>
public static class NoticeKinds
{
    /// <summary>A spot machine is taken back, usually 30 s later.</summary>
    public const string Preempt = "Preempt";

    /// <summary>The machine is deleted.</summary>
    public const string Terminate = "Terminate";

    /// <summary>It is moved to other hardware: what is on its temporary disk is lost, and it boots.</summary>
    public const string Redeploy = "Redeploy";

    /// <summary>It boots.</summary>
    public const string Reboot = "Reboot";

    /// <summary>It stands still for seconds.</summary>
    public const string Freeze = "Freeze";
}

/// <summary>What a machine is to do about its notices.</summary>
public sealed record NoticeAnswer
{
    public required string Node { get; init; }

    /// <summary>
    /// True: work is to be moved off, with <see cref="JoinPaths.Leave"/>, before the notice is acknowledged. False: it may be
    /// acknowledged at once.
    /// </summary>
    public bool Leave { get; init; }
}

/// <summary>Why a request was not granted. Says no more than the machine needs; the server's audit log has the rest.</summary>
public sealed record JoinError
{
    /// <summary><c>bad-request</c>, <c>forbidden</c>, <c>not-yet</c>, <c>busy</c>, <c>not-found</c> or <c>failed</c>.</summary>
    public required string Error { get; init; }

    /// <summary>For people.</summary>
    public required string Message { get; init; }

    /// <summary>Worth another attempt after so many seconds, with a new nonce; null: not before something changes.</summary>
    public int? RetryAfterSeconds { get; init; }
}
