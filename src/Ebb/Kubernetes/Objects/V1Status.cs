namespace Ebb.Kubernetes.Objects;

/// <summary>What the API server answers instead of an object: why it refused, or that a deletion is done.</summary>
public sealed record V1Status
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public V1ListMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>Success or Failure.</summary>
    public string? Status { get; init; }

    /// <summary>For people; never to be decided on.</summary>
    public string? Message { get; init; }

    /// <summary>For programs, for example <c>NotFound</c>; several share one <see cref="Code"/>.</summary>
    public string? Reason { get; init; }

    public V1StatusDetails? Details { get; init; }

    /// <summary>The HTTP status code.</summary>
    public int Code { get; init; }
}

public sealed record V1StatusDetails
{
    public string? Name { get; init; }

    public string? Group { get; init; }

    /// <summary>The resource's plural, in spite of its name.</summary>
    public string? Kind { get; init; }

    public string? Uid { get; init; }

    public IReadOnlyList<V1StatusCause>? Causes { get; init; }

    public int? RetryAfterSeconds { get; init; }
}

public sealed record V1StatusCause
{
    public string? Reason { get; init; }

    public string? Message { get; init; }

    public string? Field { get; init; }
}

/// <summary>What stands at the head of a list.</summary>
public sealed record V1ListMeta
{
    public string? ResourceVersion { get; init; }

    /// <summary>Where the next page starts; null or empty on the last one.</summary>
    public string? Continue { get; init; }
}
