namespace Ebb.Kubernetes.Objects;

/// <summary>Anything with a name in the Kubernetes API, trimmed to what its readers use.</summary>
/// <remarks>
/// Generated JSON code sets every init-only member, to null when the JSON lacks it; so wherever null is no sensible value the
/// setter puts the default back. That covers JSON's own <c>null</c> as well.
/// </remarks>
public abstract record V1Object
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public V1Meta Metadata { get; init => field = value ?? new(); } = new();
}

public sealed record V1Meta
{
    public string Name { get; init => field = value ?? ""; } = "";

    public string? GenerateName { get; init; }

    /// <summary>Empty for objects that belong to the whole cluster.</summary>
    public string Namespace { get; init => field = value ?? ""; } = "";

    public string Uid { get; init => field = value ?? ""; } = "";

    public string? ResourceVersion { get; init; }

    public long Generation { get; init; }

    public DateTimeOffset? CreationTimestamp { get; init; }

    public DateTimeOffset? DeletionTimestamp { get; init; }

    public long? DeletionGracePeriodSeconds { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    public IReadOnlyList<V1OwnerReference>? OwnerReferences { get; init; }

    public IReadOnlyList<string>? Finalizers { get; init; }
}

public sealed record V1OwnerReference
{
    public string ApiVersion { get; init => field = value ?? ""; } = "";

    public string Kind { get; init => field = value ?? ""; } = "";

    public string Name { get; init => field = value ?? ""; } = "";

    public string Uid { get; init => field = value ?? ""; } = "";

    public bool? Controller { get; init; }
}

/// <summary>A label selector. Null members select everything.</summary>
public sealed record V1LabelSelector
{
    public IReadOnlyDictionary<string, string>? MatchLabels { get; init; }

    public IReadOnlyList<V1Expression>? MatchExpressions { get; init; }
}

/// <summary>One requirement of a label or node selector.</summary>
public sealed record V1Expression
{
    public string Key { get; init => field = value ?? ""; } = "";

    /// <summary>In, NotIn, Exists, DoesNotExist, Gt or Lt.</summary>
    public string Operator { get; init => field = value ?? ""; } = "";

    public IReadOnlyList<string>? Values { get; init; }
}

public sealed record V1Condition
{
    public string Type { get; init => field = value ?? ""; } = "";

    /// <summary>True, False or Unknown.</summary>
    public string Status { get; init => field = value ?? ""; } = "";

    public string? Reason { get; init; }

    public string? Message { get; init; }

    public DateTimeOffset? LastTransitionTime { get; init; }
}
