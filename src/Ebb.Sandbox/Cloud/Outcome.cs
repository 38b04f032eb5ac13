using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Ebb.Sandbox.Cloud;

/// <summary>What a call gave: a value or an error, perhaps an operation to follow, perhaps no answer at all.</summary>
public sealed record Outcome<T>
{
    public T? Value { get; init; }

    public CloudError? Error { get; init; }

    /// <summary>Goes on in the background; null when all is done.</summary>
    public Operation? Operation { get; init; }

    /// <summary>True when the caller must not learn how it ended: its connection stays silent. What happened has happened.</summary>
    public bool Unanswered { get; init; }

    /// <summary>How long the answer is held back. The change, if any, has happened already.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>How many calls are left of each limit that this one counted against.</summary>
    public ImmutableArray<LimitLeft> Limits { get; init; } = [];

    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool Ok => Error is null;

    public static implicit operator Outcome<T>(T value) => new() { Value = value };

    public static implicit operator Outcome<T>(CloudError error) => new() { Error = error };
}

/// <param name="Name">As the cloud names it, for example <c>Microsoft.Compute/PutVMScaleSet3Min</c>.</param>
public readonly record struct LimitLeft(string Name, int Left);

/// <summary>A list, perhaps not to be trusted.</summary>
/// <param name="Complete">False when a later page cannot be read.</param>
public sealed record Listing<T>(ImmutableArray<T> Items, bool Complete = true);

/// <summary>An error as the cloud states it.</summary>
/// <param name="Status">The HTTP status a face answers with.</param>
public sealed record CloudError(int Status, string Code, string Message)
{
    public string? Target { get; init; }

    public ImmutableArray<CloudError> Details { get; init; } = [];

    public string? InternalCode { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Compute's own throttling states its errors without the usual envelope.</summary>
    public bool Bare { get; init; }
}
