namespace Ebb.Kubernetes.Objects;

/// <summary>What the API server says of itself under <c>/version</c>.</summary>
public sealed record V1Version
{
    public string Major { get; init => field = value ?? ""; } = "";

    /// <summary>May carry a suffix, as in <c>30+</c>.</summary>
    public string Minor { get; init => field = value ?? ""; } = "";

    public string GitVersion { get; init => field = value ?? ""; } = "";
}

public sealed record V1ApiResourceList
{
    public IReadOnlyList<V1ApiResource>? Resources { get; init; }
}

public sealed record V1ApiResource
{
    /// <summary>The plural; a subresource is an entry of its own, such as <c>pods/eviction</c>.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    public string? Group { get; init; }

    public string? Version { get; init; }
}
