namespace Ebb.Sandbox.Cloud;

/// <summary>Work that goes on after a call was answered.</summary>
public sealed record Operation
{
    public required string Id { get; init; }

    public required CallKind Call { get; init; }

    /// <summary>Key of the scale set or group it works on.</summary>
    public required string Target { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public OperationStatus Status { get; init; }

    /// <summary>Why it failed or was cancelled; else null.</summary>
    public CloudError? Error { get; init; }
}

public enum OperationStatus
{
    InProgress,
    Succeeded,
    Failed,
    Canceled,
}
