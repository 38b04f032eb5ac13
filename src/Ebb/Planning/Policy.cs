namespace Ebb.Planning;

/// <summary>How to decide; the defaults need no configuration.</summary>
public sealed record Policy
{
    /// <summary>Whether machines that idleness alone would not free are steered empty. Default yes.</summary>
    public bool Steer { get; init; } = true;

    /// <summary>How long a node is only steered before it is cordoned, when the others could clearly hold its work. Default 2 min.</summary>
    public TimeSpan SteerFor { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// How long a machine that may go waits for others of its pool that may go soon, so that they leave in one call: clouds
    /// allow few deletes a minute. Default 10 s, never more than a quarter of the pool's idle time.
    /// </summary>
    public TimeSpan RemoveTogether { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The least time from the cordon of an idle node to its removal: the scheduler may have decided on it just before and still
    /// be binding. Default 3 s.
    /// </summary>
    public TimeSpan CordonFor { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Wait after the first failed growth of a pool; doubles with each further one. Default 1 min.</summary>
    public TimeSpan BackOffFirst { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Longest wait after failed growth. Default 30 min.</summary>
    public TimeSpan BackOffMost { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>
    /// How long a node that was ready may not be, before its machine is removed once nothing may run there any more; at least as long as
    /// a machine of the pool may take to join. Default 20 min: Kubernetes gives up its pods after 6, and a machine that is started anew
    /// is back by then.
    /// </summary>
    public TimeSpan UnreadyFor { get; init; } = TimeSpan.FromMinutes(20);

    /// <summary>How long the cloud may show a machine failed that has had no ready node before it is removed. Default 2 min.</summary>
    public TimeSpan FailedFor { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the deletion of a machine may take before it is asked for again. Default 15 min.</summary>
    public TimeSpan DeletingFor { get; init; } = TimeSpan.FromMinutes(15);
}
