using System.Net;
using System.Text.Json;
using Ebb.Pools;

namespace Ebb.Clouds.Azure;

/// <summary>Gives a pool another size. Its machines keep theirs until they are upgraded.</summary>
internal sealed class ScaleSetResize(ArmClient arm, AzureSizes sizes, OperationFollower operations, ScaleSetReads reads, TimeProvider time)
{
    /// <returns>False when the pool has that size already.</returns>
    public async Task<bool> ResizeAsync(PoolView view, string size, CancellationToken ct)
    {
        var pool = view.Pool;
        var started = time.GetTimestamp();
        while (true)
        {
            var (changed, wait) = await TryAsync(pool, size, ct);
            if (wait is not { } span)
            {
                return changed;
            }

            if (time.GetElapsedTime(started) + span > ScaleSetPower.MostWait)
            {
                throw new ArmAnswer.Throttled(span).ToException($"Resizing pool '{pool.Name}' to {size}");
            }

            await Task.Delay(span, time, ct);
        }
    }

    /// <returns>Whether it was sent; and how long to wait before it may be, after a new read.</returns>
    private async Task<(bool Changed, TimeSpan? Wait)> TryAsync(Pool pool, string size, CancellationToken ct)
    {
        var doing = $"Resizing pool '{pool.Name}' to {size}";
        var read = await reads.SetAsync(pool, ct);
        if (read.Answer is ArmAnswer.Throttled busy)
        {
            return (false, busy.RetryAfter);
        }

        if (read.Value is not { Sku: { Capacity: not null } sku } set)
        {
            throw read.Answer is ArmAnswer.Ok ? new CloudException($"{doing}: Azure showed the scale set without a capacity.") : read.Answer.ToException(doing);
        }

        if (size.Equals(sku.Name, StringComparison.OrdinalIgnoreCase))
        {
            return (false, null);
        }

        // The capacity goes with it as it was read, so it must still be so: what grows meanwhile makes this be refused.
        var etag = set.Etag ?? (read.Answer as ArmAnswer.Ok)?.ETag
            ?? throw new CloudException($"{doing}: Azure showed the scale set without an entity tag; without one a growth in between could be undone.");
        var body = JsonSerializer.SerializeToUtf8Bytes(new WireSizeChange(sku with { Name = size }, await TagsAsync(set, size, doing, ct)), ArmJson.Default.WireSizeChange);
        var answer = await arm.SendAsync(new ArmCall(HttpMethod.Patch, ScaleSets.Address(arm, pool), ArmFamily.Writes, body, etag), ct);
        if (answer is ArmAnswer.Throttled throttled)
        {
            return (false, throttled.RetryAfter);
        }

        if (answer is ArmAnswer.Refused { Status: HttpStatusCode.PreconditionFailed })
        {
            throw new CloudException($"{doing}: the pool was changed in the same moment. Nothing was sent; run it again.");
        }

        var ok = answer as ArmAnswer.Ok ?? throw answer.ToException(doing);
        reads.Wrote(pool, EntityTag.Of(ok));
        operations.Follow(new AzureOperation { Pool = pool, Kind = "resize", Machines = 0, Poll = ok.Poll }, ok.RetryAfter);
        return (true, null);
    }

    /// <summary>What the pool's tags say of its size goes with it: else what it is to buy would be reckoned by the size of before.</summary>
    /// <exception cref="CloudException">The cloud does not say what the other size has.</exception>
    private async Task<IReadOnlyDictionary<string, string>?> TagsAsync(WireScaleSet set, string size, string doing, CancellationToken ct)
    {
        if (set.Tags is not { } tags || !tags.Keys.Any(tag => tag.StartsWith(PoolTags.Resource, StringComparison.OrdinalIgnoreCase)))
        {
            return null;
        }

        var region = AzureMachines.Region(set.Location);
        var (after, problem) = await sizes.FindAsync(region, size, ct);
        if (after is null)
        {
            throw new CloudException($"{doing}: {problem} Nothing was sent, since the pool's tags say what its size has.");
        }

        // Of a size that Azure sells no more, nobody knows which of the tags are its.
        var (before, _) = await sizes.FindAsync(region, set.Sku?.Name ?? "", ct);
        return before is null ? null : SizeTags.Resized(tags, before.Machine, after.Machine);
    }
}
