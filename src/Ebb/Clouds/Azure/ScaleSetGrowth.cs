using System.Net;
using System.Text.Json;
using Ebb.Pools;
using Microsoft.Extensions.Logging;

namespace Ebb.Clouds.Azure;

/// <summary>
/// Raises capacities. A capacity is only ever sent when it is above the one that was read a moment before, together with the
/// entity tag of that read: whatever happens in between, Azure refuses rather than lets machines go.
/// </summary>
internal sealed partial class ScaleSetGrowth(ArmClient arm, AzureSizes sizes, OperationFollower operations, ScaleSetReads reads, ILogger logger)
{
    // Azure's limits for one scale set, with all machines in one placement group and without.
    private const int MostInOneGroup = 100;
    private const int Most = 1000;

    // A write that was lost shows within seconds when it arrived at all.
    private const int Looks = 3;

    public async Task<GrowResult> GrowAsync(PoolView view, int by, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(by);
        var pool = view.Pool;
        var read = await reads.SetAsync(pool, ct);
        if (read.Value is not { Sku: { Capacity: { } capacity } sku } set)
        {
            return read.Answer switch
            {
                ArmAnswer.Throttled throttled => new GrowResult.Throttled(throttled.RetryAfter),
                ArmAnswer.Refused { Status: HttpStatusCode.NotFound } => new GrowResult.Changed(0),
                ArmAnswer.Ok => throw new CloudException($"Growing pool '{pool.Name}': Azure showed the scale set without a capacity."),
                var answer => throw answer.ToException($"Growing pool '{pool.Name}'"),
            };
        }

        if (capacity != view.Capacity || "Deleting".Equals(set.Properties?.ProvisioningState, StringComparison.OrdinalIgnoreCase))
        {
            return new GrowResult.Changed(capacity);
        }

        var etag = set.Etag ?? (read.Answer as ArmAnswer.Ok)?.ETag
            ?? throw new CloudException($"Growing pool '{pool.Name}': Azure showed the scale set without an entity tag; without one a grow could lower a capacity.");

        if (by == 0)
        {
            return await SendAsync(pool, sku, capacity, 0, etag, ct);
        }

        var (room, full) = await RoomAsync(pool, set, capacity, ct);
        if (full is not null)
        {
            return full;
        }

        return await SendAsync(pool, sku, capacity, Math.Min(by, room), etag, ct);
    }

    /// <summary>How many machines limits and quota leave room for; when none, what to answer instead.</summary>
    private async Task<(int Room, GrowResult? Full)> RoomAsync(Pool pool, WireScaleSet set, int capacity, CancellationToken ct)
    {
        var most = set.Properties?.SinglePlacementGroup is true ? MostInOneGroup : Most;
        if (capacity >= most)
        {
            return (0, Refused(GrowRefusal.Refused, "ScaleSetFull", $"A scale set like '{pool.Name}' holds at most {most} machines."));
        }

        var region = AzureMachines.Region(set.Location);
        var (size, _) = await sizes.FindAsync(region, pool.Size, ct);
        if (size is null)
        {
            return (most - capacity, null);
        }

        if (!size.Offered)
        {
            return (0, Refused(GrowRefusal.NotOffered, "NotAvailableForSubscription", $"Size '{pool.Size}' is not offered to this subscription in '{region}'."));
        }

        var address = arm.Address($"{arm.Scope.SubscriptionPath}/providers/Microsoft.Compute/locations/{Uri.EscapeDataString(region)}/usages", ScaleSets.ApiVersion);
        var usages = await arm.ListAsync(address, ArmFamily.Lists, ArmJson.Default.WirePageWireUsage, ct);
        if (usages.Value is null)
        {
            if (usages.Answer is ArmAnswer.Throttled throttled)
            {
                return (0, new GrowResult.Throttled(throttled.RetryAfter));
            }

            // No permission to see usages, say. Azure keeps its quota itself; we only ask for too much now and then.
            LogNoUsages(region, usages.Answer.Describe());
            return (most - capacity, null);
        }

        return AzureQuota.Room(size, pool.Priority, usages.Value) switch
        {
            null => (most - capacity, null),
            { Machines: 0 } none => (0, Refused(
                GrowRefusal.Quota,
                "QuotaExceeded",
                $"Quota '{none.Name}' in '{region}' is used up: {none.Used} of {none.Limit} cores, and '{pool.Size}' takes {size.QuotaCores}. Ask Azure for more.")),
            var quota => (Math.Min(quota.Machines, most - capacity), null),
        };
    }

    private async Task<GrowResult> SendAsync(Pool pool, WireSku sku, int capacity, int by, string etag, CancellationToken ct)
    {
        var target = checked(capacity + by);
        if (target < capacity)
        {
            throw new InvalidOperationException($"A grow of pool '{pool.Name}' from {capacity} to {target}.");
        }

        // A patch of the one thing that is ours: tags and model stay whoever changes them meanwhile.
        var body = JsonSerializer.SerializeToUtf8Bytes(new WireCapacity(sku with { Capacity = target }), ArmJson.Default.WireCapacity);
        var answer = await arm.SendAsync(new ArmCall(HttpMethod.Patch, ScaleSets.Address(arm, pool), ArmFamily.Writes, body, etag), ct);
        switch (answer)
        {
            case ArmAnswer.Ok ok:
                LogGrowing(pool.Name, capacity, target);
                reads.Wrote(pool, EntityTag.Of(ok));
                operations.Follow(new AzureOperation { Pool = pool, Kind = "grow", Machines = by, Poll = ok.Poll }, ok.RetryAfter);
                return new GrowResult.Growing(target, by);
            case ArmAnswer.Throttled throttled:
                return new GrowResult.Throttled(throttled.RetryAfter);
            case ArmAnswer.Refused { Status: HttpStatusCode.NotFound }:
                return new GrowResult.Changed(0);
            case ArmAnswer.Refused refused when AzureFailures.IsConflict(refused):
                return new GrowResult.Changed(capacity);
            case ArmAnswer.Refused refused:
                return new GrowResult.Refused(AzureFailures.Of(refused.Error, pool.Priority, reads.Now));
            case ArmAnswer.Lost { Sent: true } lost:
                return await ResolveAsync(pool, capacity, target, lost, ct);
            default:
                throw answer.ToException($"Growing pool '{pool.Name}'");
        }
    }

    /// <summary>Finds out by reading whether a write arrived that got no answer. It is never sent again.</summary>
    private async Task<GrowResult> ResolveAsync(Pool pool, int before, int target, ArmAnswer.Lost lost, CancellationToken ct)
    {
        LogLost(pool.Name, before, target, lost.Why);
        var backoff = arm.NewBackoff(TimeSpan.FromSeconds(2));
        for (var look = 1; look <= Looks; look++)
        {
            var read = await reads.SetAsync(pool, ct);
            if (read.Value?.Sku?.Capacity is { } now && now != before)
            {
                if (now != target)
                {
                    return new GrowResult.Changed(now);
                }

                operations.Follow(new AzureOperation { Pool = pool, Kind = "grow", Machines = target - before }, null);
                return new GrowResult.Growing(target, target - before);
            }

            if (look < Looks)
            {
                await backoff.FailedAsync(ct);
            }
        }

        // Should it arrive still: whichever write comes second then meets a new entity tag and is refused.
        return new GrowResult.Unknown($"Azure {lost.Why} when asked to grow pool '{pool.Name}' from {before} to {target}; it still shows {before}.");
    }

    private GrowResult.Refused Refused(GrowRefusal refusal, string code, string message) =>
        new(new GrowFailure(refusal, code, message, reads.Now));

    [LoggerMessage(LogLevel.Information, "Pool {Pool} grows from {Before} to {Target} machines")]
    private partial void LogGrowing(string pool, int before, int target);

    [LoggerMessage(LogLevel.Warning, "Growing pool {Pool} from {Before} to {Target}: Azure {Why}; reading whether it arrived")]
    private partial void LogLost(string pool, int before, int target, string why);

    [LoggerMessage(LogLevel.Warning, "Growing without a look at the quota of {Region}: Azure {Answer}")]
    private partial void LogNoUsages(string region, string answer);
}
