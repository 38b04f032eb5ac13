using System.Collections.Immutable;

namespace Ebb.Sandbox.Cloud;

/// <summary>How many calls the cloud takes: token buckets for the subscription, for each compute policy, and for each scale set.</summary>
internal sealed class Limits
{
    // Refill per minute and capacity. The published figures; resource level first, then subscription level.
    private static readonly Dictionary<string, (Rate? Resource, Rate Subscription)> Policies = new()
    {
        ["PutVMScaleSet3Min"] = (new(4, 12), new(125, 375)),
        ["UpdateVMScaleSet3Min"] = (new(4, 12), new(500, 1500)),
        ["DeleteVMScaleSet3Min"] = (new(4, 12), new(175, 525)),
        ["LowCostGetVMScaleSet3Min"] = (new(12, 36), new(800, 2400)),
        ["HighCostGet3Min"] = (new(10, 30), new(360, 1080)),
        ["UpdateVMScaleSetVM3Min"] = (new(4, 12), new(500, 1500)),
        ["DeleteVMScaleSetVM3Min"] = (new(4, 12), new(500, 1500)),
        ["PutVM3Min"] = (new(4, 12), new(500, 1500)),
        ["DeleteVM3Min"] = (new(4, 12), new(500, 1500)),
        ["LowCostGet3Min"] = (new(12, 36), new(8000, 24000)),
        ["GetOperation3Min"] = (null, new(5000, 15000)),
    };

    private static readonly Rate Reads = new(25 * 60, 250);
    private static readonly Rate Writes = new(10 * 60, 200);

    private readonly Dictionary<(string Policy, string Resource), Bucket> _buckets = [];

    public static string PolicyOf(CallKind kind) => kind switch
    {
        CallKind.PutScaleSet => "PutVMScaleSet3Min",
        CallKind.PatchScaleSet or CallKind.Start or CallKind.Restart or CallKind.Reimage or CallKind.Upgrade => "UpdateVMScaleSet3Min",
        CallKind.DeleteScaleSet or CallKind.PowerOff or CallKind.Deallocate => "DeleteVMScaleSet3Min",
        CallKind.GetScaleSet or CallKind.ListScaleSets or CallKind.GetInstance => "LowCostGetVMScaleSet3Min",
        CallKind.GetScaleSetView or CallKind.ListInstances => "HighCostGet3Min",
        CallKind.PutInstance or CallKind.SimulateEviction => "UpdateVMScaleSetVM3Min",
        CallKind.DeleteInstances => "DeleteVMScaleSetVM3Min",
        CallKind.PutMachine => "PutVM3Min",
        CallKind.DeleteMachine => "DeleteVM3Min",
        CallKind.GetMachine => "LowCostGet3Min",
        CallKind.GetOperation => "GetOperation3Min",
        _ => "",
    };

    /// <summary>Counts one call against all limits that it touches; refuses it when <paramref name="enforce"/> and one is used up.</summary>
    public (CloudError? Refusal, ImmutableArray<LimitLeft> Left) Take(CallKind kind, string? pool, DateTimeOffset now, bool enforce)
    {
        var write = Requests.IsWrite(kind);
        var delete = kind is CallKind.DeleteGroup or CallKind.DeleteScaleSet or CallKind.DeleteAutoscale
            or CallKind.DeleteMachine or CallKind.DeleteResource;
        var family = write ? delete ? "deletes" : "writes" : "reads";
        var subscription = Of(family, "", write ? Writes : Reads, now);
        var touched = new List<(string Name, Bucket Bucket)> { ($"subscription-{family}", subscription) };
        if (Policies.TryGetValue(PolicyOf(kind), out var rates))
        {
            var name = $"Microsoft.Compute/{PolicyOf(kind)}";
            touched.Add((name, Of(PolicyOf(kind), "", rates.Subscription, now)));
            if (rates.Resource is { } perResource && pool is not null)
            {
                touched.Add((name, Of(PolicyOf(kind), pool.ToLowerInvariant(), perResource, now)));
            }
        }

        var empty = touched.Find(t => t.Bucket.Tokens < 1);
        if (enforce && empty.Bucket is { } bucket)
        {
            var wait = bucket.UntilOne();
            return (ReferenceEquals(bucket, subscription) ? ArmTooMany(family, wait) : ComputeTooMany(empty.Name, bucket, now, wait), Left(touched));
        }

        foreach (var (_, taken) in touched)
        {
            taken.Tokens = Math.Max(0, taken.Tokens - 1);
        }

        return (null, Left(touched));
    }

    private Bucket Of(string policy, string resource, Rate rate, DateTimeOffset now)
    {
        if (!_buckets.TryGetValue((policy, resource), out var bucket))
        {
            _buckets[(policy, resource)] = bucket = new Bucket(rate, now);
        }

        bucket.Refill(now);
        return bucket;
    }

    private static ImmutableArray<LimitLeft> Left(List<(string Name, Bucket Bucket)> touched) =>
        [.. touched.GroupBy(t => t.Name).Select(g => new LimitLeft(g.Key, (int)g.Min(t => t.Bucket.Tokens)))];

    private static CloudError ArmTooMany(string family, TimeSpan wait) => new(
        429,
        "SubscriptionRequestsThrottled",
        $"Number of '{family[..^1]}' requests for subscription exceeded. Please try again after '{(int)wait.TotalSeconds}' seconds.")
    { RetryAfter = wait };

    private static CloudError ComputeTooMany(string name, Bucket bucket, DateTimeOffset now, TimeSpan wait) =>
        CloudErrors.TooMany(name[(name.IndexOf('/') + 1)..], now, bucket.Rate.Capacity, bucket.Rate.Capacity + 1, wait);

    private readonly record struct Rate(int PerMinute, int Capacity);

    private sealed class Bucket(Rate rate, DateTimeOffset since)
    {
        private DateTimeOffset _since = since;

        public Rate Rate { get; } = rate;

        public double Tokens { get; set; } = rate.Capacity;

        public void Refill(DateTimeOffset now)
        {
            Tokens = Math.Min(Rate.Capacity, Tokens + ((now - _since).TotalMinutes * Rate.PerMinute));
            _since = now;
        }

        /// <summary>Whole seconds, as Retry-After states them.</summary>
        public TimeSpan UntilOne() => TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling((1 - Tokens) / Rate.PerMinute * 60)));
    }
}
