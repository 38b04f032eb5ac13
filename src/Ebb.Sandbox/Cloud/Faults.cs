using System.Collections.Immutable;

namespace Ebb.Sandbox.Cloud;

/// <summary>Something that is to go wrong, as data: what it strikes, how often, and how.</summary>
public sealed record Fault
{
    public required FaultKind Kind { get; init; }

    /// <summary>The call it strikes; null: every call. Ignored by the kinds that strike instances.</summary>
    public CallKind? On { get; init; }

    /// <summary>The scale set, or other resource by its name, that it strikes; null: all.</summary>
    public string? Pool { get; init; }

    /// <summary>
    /// With <see cref="FaultKind.FailOperation"/>: the machine of the scale set, by its id, that an order fails for, while it is carried out for the
    /// others; null: it fails as a whole.
    /// </summary>
    public string? Instance { get; init; }

    /// <summary>The type it strikes among what a face keeps, for example <c>Microsoft.Network/virtualNetworks</c>; null: any, and what the world keeps.</summary>
    public string? ResourceType { get; init; }

    /// <summary>From 0 to 1, for each occasion.</summary>
    public double Probability { get; init; } = 1;

    /// <summary>How often it strikes before it is spent; null: for ever.</summary>
    public int? Count { get; init; }

    /// <summary>The error's code for <see cref="FaultKind.Error"/>, <see cref="FaultKind.FailOperation"/> and <see cref="FaultKind.FailedInstance"/>.</summary>
    public string Code { get; init; } = "InternalServerError";

    public string Message { get; init; } = "An injected fault.";

    /// <summary>The HTTP status for <see cref="FaultKind.Error"/>.</summary>
    public int Status { get; init; } = 500;

    /// <summary>How late the answer, how old the list, how long to keep away, how slow the boot.</summary>
    public TimeSpan Span { get; init; } = TimeSpan.FromSeconds(30);
}

public enum FaultKind
{
    /// <summary>The call is refused with <see cref="Fault.Code"/>; nothing happens.</summary>
    Error,

    /// <summary>The call works; its answer comes <see cref="Fault.Span"/> later.</summary>
    Delay,

    /// <summary>The call works; its answer never comes.</summary>
    TimeoutDone,

    /// <summary>Nothing happens and no answer comes.</summary>
    TimeoutNotDone,

    /// <summary>Refused as one call too many; the caller is to keep away for <see cref="Fault.Span"/>.</summary>
    Throttle,

    /// <summary>A list is answered as it was <see cref="Fault.Span"/> ago.</summary>
    StaleList,

    /// <summary>A list is answered in part; its continuation cannot be read.</summary>
    PartialPage,

    /// <summary>The call is accepted and its operation ends as failed with <see cref="Fault.Code"/>; a growth places nothing.</summary>
    FailOperation,

    /// <summary>A new instance never leaves Creating.</summary>
    StuckCreating,

    /// <summary>An instance that is deleted never leaves Deleting.</summary>
    StuckDeleting,

    /// <summary>A new instance ends as failed with <see cref="Fault.Code"/>, its power running.</summary>
    FailedInstance,

    /// <summary>A new instance runs, but its guest never comes up.</summary>
    NeverBoots,

    /// <summary>A new instance's guest comes up <see cref="Fault.Span"/> late.</summary>
    SlowBoot,
}

/// <summary>The faults in force. May be changed at any time.</summary>
public sealed class Faults
{
    private readonly Lock _gate;
    private readonly Random _random;
    private readonly List<Entry> _entries = [];

    internal Faults(Lock gate, Random random)
    {
        _gate = gate;
        _random = random;
    }

    /// <summary>Those not spent, in the order in which they were added.</summary>
    public ImmutableArray<Fault> InForce
    {
        get
        {
            lock (_gate)
            {
                return [.. _entries.Select(e => e.Fault with { Count = e.Left })];
            }
        }
    }

    public void Add(Fault fault)
    {
        lock (_gate)
        {
            _entries.Add(new Entry(fault));
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _entries.Clear();
        }
    }

    /// <summary>Draws whether a fault of this kind strikes now; the first that does is taken.</summary>
    /// <param name="pool">A machine that stands alone may be named by the set of one that it is kept as.</param>
    internal Fault? Strike(FaultKind kind, CallKind? call, string? pool, string? type = null, string? instance = null)
    {
        for (var i = 0; i < _entries.Count; i++)
        {
            var entry = _entries[i];
            var fault = entry.Fault;
            if (fault.Kind != kind
                || (fault.On is not null && call is not null && fault.On != call)
                || (fault.Pool is not null && !fault.Pool.Equals(pool?.TrimStart('_'), StringComparison.OrdinalIgnoreCase))
                || fault.Instance != instance
                || (fault.ResourceType is not null && !fault.ResourceType.Equals(type, StringComparison.OrdinalIgnoreCase))
                || (fault.Probability < 1 && _random.NextDouble() >= fault.Probability))
            {
                continue;
            }

            if (entry.Left is not null && --entry.Left <= 0)
            {
                _entries.RemoveAt(i);
            }

            return fault;
        }

        return null;
    }

    private sealed class Entry(Fault fault)
    {
        public Fault Fault { get; } = fault;

        public int? Left { get; set; } = fault.Count;
    }
}
