namespace Ebb.Planning;

/// <summary>How to decide; the defaults need no configuration.</summary>
public sealed record Policy
{
    /// <summary>How long a new machine may take to join before it is given up. Default 15 min.</summary>
    public TimeSpan JoinWithin { get; init; } = TimeSpan.FromMinutes(15);
}
