namespace Ebb.Clouds;

/// <summary>How a request to grow ended.</summary>
public abstract record GrowResult
{
    private GrowResult()
    {
    }

    /// <summary>Accepted. <paramref name="Asked"/> may be fewer than wanted when quota has no room for all.</summary>
    public sealed record Growing(int Capacity, int Asked) : GrowResult;

    /// <summary>The pool changed since it was read; nothing was sent. Plan again.</summary>
    public sealed record Changed(int Capacity) : GrowResult;

    /// <summary>Refused for now.</summary>
    public sealed record Refused(GrowFailure Failure) : GrowResult;

    /// <summary>Too many requests; nothing was changed.</summary>
    public sealed record Throttled(TimeSpan RetryAfter) : GrowResult;

    /// <summary>The call got no answer and a read could not tell whether it worked. Read again before anything else.</summary>
    public sealed record Unknown(string Why) : GrowResult;
}

/// <summary>How a request to remove machines ended.</summary>
public abstract record RemoveResult
{
    private RemoveResult()
    {
    }

    /// <summary>Accepted, or gone already.</summary>
    public sealed record Removing(int Machines) : RemoveResult;

    /// <summary>Too many requests; nothing was changed.</summary>
    public sealed record Throttled(TimeSpan RetryAfter) : RemoveResult;

    /// <summary>The call got no answer. Read again before anything else.</summary>
    public sealed record Unknown(string Why) : RemoveResult;
}

/// <summary>How a request to shield a machine, or to lift its shield, ended.</summary>
public abstract record ProtectResult
{
    private ProtectResult()
    {
    }

    /// <summary>The machine is as asked, or the cloud has agreed to it.</summary>
    public sealed record Done : ProtectResult;

    /// <summary>There is no such machine any more.</summary>
    public sealed record Gone : ProtectResult;

    /// <summary>Too many requests; nothing was changed.</summary>
    public sealed record Throttled(TimeSpan RetryAfter) : ProtectResult;
}
