using System.Text.Json.Serialization;

namespace Ebb.Kubernetes.Objects;

/// <summary>Something worth telling about an object, as <c>kubectl describe</c> shows it.</summary>
public sealed record V1Event : V1Object
{
    public V1ObjectReference InvolvedObject { get; init => field = value ?? new(); } = new();

    /// <summary>Why, in one word: <c>CamelCase</c>.</summary>
    public string? Reason { get; init; }

    public string? Message { get; init; }

    /// <summary>Normal or Warning.</summary>
    public string? Type { get; init; }

    public V1EventSource? Source { get; init; }

    public DateTimeOffset? FirstTimestamp { get; init; }

    public DateTimeOffset? LastTimestamp { get; init; }

    public int? Count { get; init; }

    public V1EventSeries? Series { get; init; }

    public string? ReportingComponent { get; init; }

    public string? ReportingInstance { get; init; }
}

public sealed record V1EventSource
{
    public string? Component { get; init; }

    public string? Host { get; init; }
}

public sealed record V1EventSeries
{
    public int Count { get; init; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset LastObservedTime { get; init; }
}
