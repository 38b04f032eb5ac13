using System.Collections.Immutable;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>What one of our two implementations says of a pod.</summary>
internal sealed record Opinion
{
    /// <summary>Nodes on which the pod may be put.</summary>
    public required ImmutableSortedSet<string> Fits { get; init; }

    /// <summary>How many nodes each cause forbids, of every node the first that the scheduler would come to.</summary>
    public required ImmutableSortedDictionary<string, int> Causes { get; init; }

    /// <summary>What forbids all nodes at once; null when nothing does.</summary>
    public string? Blocked { get; init; }

    public bool IsSame(Opinion other) =>
        Fits.SetEquals(other.Fits) && Causes.SequenceEqual(other.Causes) && (Blocked is null) == (other.Blocked is null);

    public override string ToString() =>
        Blocked is not null
            ? $"no node: {Blocked}"
            : $"fits [{string.Join(", ", Fits)}], else {{{string.Join("; ", Causes.Select(cause => $"{cause.Value} {cause.Key}"))}}}";
}
