namespace Ebb.Kubernetes.Objects;

/// <summary>Anything with a name in the Kubernetes API, trimmed to what Ebb reads.</summary>
public abstract record V1Object
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public V1Meta Metadata { get; init; } = new();
}

public sealed record V1Meta
{
    public string Name { get; init; } = "";

    public string? GenerateName { get; init; }

    /// <summary>Empty for objects that belong to the whole cluster.</summary>
    public string Namespace { get; init; } = "";

    public string Uid { get; init; } = "";

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
    public string ApiVersion { get; init; } = "";

    public string Kind { get; init; } = "";

    public string Name { get; init; } = "";

    public string Uid { get; init; } = "";

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
    public string Key { get; init; } = "";

    /// <summary>In, NotIn, Exists, DoesNotExist, Gt or Lt.</summary>
    public string Operator { get; init; } = "";

    public IReadOnlyList<string>? Values { get; init; }
}

public sealed record V1Condition
{
    public string Type { get; init; } = "";

    /// <summary>True, False or Unknown.</summary>
    public string Status { get; init; } = "";

    public string? Reason { get; init; }

    public string? Message { get; init; }

    public DateTimeOffset? LastTransitionTime { get; init; }
}
