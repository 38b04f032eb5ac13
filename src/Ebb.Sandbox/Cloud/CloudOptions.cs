using System.Collections.Immutable;

namespace Ebb.Sandbox.Cloud;

/// <summary>How a <see cref="CloudWorld"/> is made and how fast it is.</summary>
public sealed record CloudOptions
{
    /// <summary>Everything random follows from it: latencies, ids, faults, evictions.</summary>
    public int Seed { get; init; } = 1;

    public string SubscriptionId { get; init; } = "5eb5eb00-0000-4000-8000-000000000001";

    public string TenantId { get; init; } = "5eb5eb00-0000-4000-8000-000000000002";

    public string Location { get; init; } = "eastus";

    /// <summary>
    /// What public IPv4 addresses are taken from. Default: a range set aside for tests of networks, where nothing answers; one of this
    /// machine's loopback has whatever listens there be reached.
    /// </summary>
    public string PublicRange { get; init; } = "198.18.0.0/15";

    public ImmutableArray<string> Zones { get; init; } = ["1", "2", "3"];

    public ImmutableArray<Size> Sizes { get; init; } = Size.Catalogue;

    /// <summary>From the answer to a capacity request to the moment its instances appear in lists.</summary>
    public Latency Accept { get; init; } = Latency.Seconds(0.5, 2);

    /// <summary>From an instance's appearance, or its start, to power state running.</summary>
    public Latency Create { get; init; } = Latency.Seconds(8, 20);

    /// <summary>From power state running until the guest's services are up.</summary>
    public Latency Boot { get; init; } = Latency.Seconds(15, 30);

    /// <summary>How long a guest has between the order to shut down and the power being cut.</summary>
    public Latency Stop { get; init; } = Latency.Seconds(4, 10);

    /// <summary>From a delete order until the instance is gone; never shorter than its stop.</summary>
    public Latency Delete { get; init; } = Latency.Seconds(10, 30);

    /// <summary>Between the notice to a spot machine and the cut.</summary>
    public TimeSpan PreemptNotice { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Between the notice of a freeze, a reboot or a move to another host, and the thing itself: what the cloud promises at least.</summary>
    public TimeSpan FreezeNotice { get; init; } = TimeSpan.FromMinutes(15);

    public TimeSpan RebootNotice { get; init; } = TimeSpan.FromMinutes(15);

    public TimeSpan RedeployNotice { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a frozen machine is paused.</summary>
    public TimeSpan FreezeSpan { get; init; } = TimeSpan.FromSeconds(9);

    /// <summary>Chance, as a rate, that one running machine is struck by maintenance of its host. Default 0: never of itself.</summary>
    public double MaintenancePerHour { get; init; }

    /// <summary>Chance, as a rate, that one running spot machine is evicted. Default 0: never of itself.</summary>
    public double SpotEvictionsPerHour { get; init; }

    /// <summary>
    /// Limits by usage name: <c>cores</c>, <c>lowPriorityCores</c>, a size's family. What is not named has room for 10,000.
    /// </summary>
    public ImmutableSortedDictionary<string, int> Quotas { get; init; } =
        ImmutableSortedDictionary.Create<string, int>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Where the cloud has only so many machines left. What is not named never runs out.</summary>
    public ImmutableArray<Availability> Availability { get; init; } = [];

    /// <summary>Whether machines that found no place are listed as failed; otherwise they are absent. Both happen in life.</summary>
    public bool ListUnplaced { get; init; }

    /// <summary>Whether request limits like the real ones refuse calls. Default off.</summary>
    public bool Throttling { get; init; }

    internal TimeSpan NoticeOf(Maintenance kind) => kind switch
    {
        Maintenance.Freeze => FreezeNotice,
        Maintenance.Reboot => RebootNotice,
        _ => RedeployNotice,
    };

    /// <summary>What is wrong with these options; empty when sound.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (name, latency) in new[]
        {
            (nameof(Accept), Accept), (nameof(Create), Create), (nameof(Boot), Boot), (nameof(Stop), Stop), (nameof(Delete), Delete),
        })
        {
            if (latency.Min < TimeSpan.Zero || latency.Max < latency.Min)
            {
                yield return $"{name} is {latency.Min} to {latency.Max}; it must be a span of time that is not negative.";
            }
        }

        if (Sizes.IsDefaultOrEmpty)
        {
            yield return "There is no machine size; a cloud needs at least one.";
        }

        if (SpotEvictionsPerHour is < 0 or double.NaN)
        {
            yield return $"SpotEvictionsPerHour is {SpotEvictionsPerHour}; it must be 0 or more.";
        }

        if (MaintenancePerHour is < 0 or double.NaN)
        {
            yield return $"MaintenancePerHour is {MaintenancePerHour}; it must be 0 or more.";
        }
    }
}

/// <summary>A duration drawn evenly between two bounds.</summary>
public readonly record struct Latency(TimeSpan Min, TimeSpan Max)
{
    public static Latency Seconds(double min, double max) => new(TimeSpan.FromSeconds(min), TimeSpan.FromSeconds(max));

    public static Latency Exactly(TimeSpan span) => new(span, span);

    // Whole milliseconds: what timers can count, so that equal draws fall on equal instants.
    internal TimeSpan Draw(Random random) =>
        TimeSpan.FromMilliseconds(Math.Round((Min + ((Max - Min) * random.NextDouble())).TotalMilliseconds));
}

/// <summary>How many machines of a kind the cloud can place; null in a match means any.</summary>
public sealed record Availability
{
    public string? Size { get; init; }

    public string? Zone { get; init; }

    public Priority? Priority { get; init; }

    /// <summary>Machines that may exist at a time, those of all scale sets counted.</summary>
    public required int Machines { get; init; }

    public Shortage Answer { get; init; } = Shortage.Allocation;

    internal bool Matches(string size, string zone, Priority priority) =>
        (Size is null || Size.Equals(size, StringComparison.OrdinalIgnoreCase))
        && (Zone is null || Zone == zone)
        && (Priority is null || Priority == priority);
}

/// <summary>How the cloud says that it has no machine left.</summary>
public enum Shortage
{
    /// <summary>Accepts, then the operation ends with AllocationFailed, or ZonalAllocationFailed in a zone.</summary>
    Allocation,

    /// <summary>Accepts, then the operation ends with Overconstrained(Zonal)AllocationRequest.</summary>
    Overconstrained,

    /// <summary>Refuses the request with SkuNotAvailable when not one machine is left, otherwise as <see cref="Allocation"/>.</summary>
    SkuNotAvailable,
}
