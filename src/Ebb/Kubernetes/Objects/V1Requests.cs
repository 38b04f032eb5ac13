namespace Ebb.Kubernetes.Objects;

/// <summary>How to delete. Null members leave it to the server.</summary>
public sealed record V1DeleteOptions
{
    public string ApiVersion { get; init; } = "v1";

    public string Kind { get; init; } = "DeleteOptions";

    public long? GracePeriodSeconds { get; init; }

    /// <summary>Background, Foreground or Orphan. A Job deleted without one leaves its pods behind.</summary>
    public string? PropagationPolicy { get; init; }

    public V1Preconditions? Preconditions { get; init; }

    /// <summary><c>["All"]</c>: say what would happen, change nothing.</summary>
    public IReadOnlyList<string>? DryRun { get; init; }
}

/// <summary>What must hold for a deletion to happen; otherwise it is a conflict.</summary>
public sealed record V1Preconditions
{
    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }
}

public sealed record V1Eviction : V1Object
{
    public V1DeleteOptions? DeleteOptions { get; init; }
}

public sealed record V1Binding : V1Object
{
    public V1ObjectReference Target { get; init => field = value ?? new(); } = new();
}
