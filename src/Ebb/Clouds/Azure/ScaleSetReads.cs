using System.Collections.Immutable;
using System.Net;
using Ebb.Pools;

namespace Ebb.Clouds.Azure;

/// <summary>Reads scale sets and their machines, the machines only when something speaks for a change.</summary>
internal sealed class ScaleSetReads(ArmClient arm, AzureSizes sizes, OperationFollower operations, TimeProvider time)
{
    private static readonly TimeSpan MachinesGoodFor = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, KnownSet> _known = new(StringComparer.OrdinalIgnoreCase);
    private readonly Lock _lock = new();

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>The scale set as Azure has it now.</summary>
    public Task<ArmRead<WireScaleSet>> SetAsync(Pool pool, CancellationToken ct) =>
        arm.GetAsync(ScaleSets.Address(arm, pool), ArmFamily.Lists, ArmJson.Default.WireScaleSet, ct);

    /// <summary>The machines as Azure lists them now.</summary>
    public async Task<ArmRead<IReadOnlyList<Machine>>> MachinesAsync(Pool pool, bool flexible, CancellationToken ct)
    {
        var read = await arm.ListAsync(ScaleSets.MachinesAddress(arm, pool, flexible), ArmFamily.Instances, ArmJson.Default.WirePageWireInstance, ct);
        return new ArmRead<IReadOnlyList<Machine>>(
            read.Value?.Select(i => AzureMachines.From(pool.Name, i)).OfType<Machine>().ToList(),
            read.Answer);
    }

    /// <summary>We wrote to the set, and this is the entity tag that it has since: an older one is an older state.</summary>
    public void Wrote(Pool pool, string? etag)
    {
        lock (_lock)
        {
            var known = Of(pool.Name);
            known.Dirty = true;
            known.LastWrite = (EntityTag.Counter(etag), time.GetTimestamp());
        }
    }

    /// <summary>We did something to its machines: the next read lists them.</summary>
    public void Touched(Pool pool)
    {
        lock (_lock)
        {
            Of(pool.Name).Dirty = true;
        }
    }

    /// <summary>We had these machines deleted: that a list lacks them now is no wonder.</summary>
    public void Leaving(Pool pool, IReadOnlyCollection<Machine> machines)
    {
        Touched(pool);
        Learnt(pool, machines, machine => machine with { State = MachineState.Deleting });
    }

    /// <summary>What an answer has told of machines shows before a list does.</summary>
    public void Learnt(Pool pool, IReadOnlyCollection<Machine> machines, Func<Machine, Machine> change)
    {
        var ids = machines.Select(m => m.Id).ToHashSet(StringComparer.OrdinalIgnoreCase);
        lock (_lock)
        {
            var known = Of(pool.Name);
            known.Machines = [.. known.Machines.Select(m => ids.Contains(m.Id) ? change(m) : m)];
        }
    }

    /// <summary>The region of a pool's machines, as Azure writes it of them; null before the first read.</summary>
    public string? LocationOf(Pool pool)
    {
        lock (_lock)
        {
            return Of(pool.Name).Location is { Length: > 0 } location ? location : null;
        }
    }

    public async Task<CloudView> ReadAsync(IReadOnlySet<string> inMotion, CancellationToken ct)
    {
        operations.Reading();
        var readAt = time.GetUtcNow();
        var troubles = new List<string>();
        var list = await arm.ListAsync(ScaleSets.ListAddress(arm), ArmFamily.Lists, ArmJson.Default.WirePageWireScaleSet, ct);
        if (list.Value is null)
        {
            return AllFromBefore(list.Answer);
        }

        var sets = await WithMissingAsync(list.Value, troubles, ct);
        var pools = ImmutableArray.CreateBuilder<PoolView>();
        foreach (var set in sets)
        {
            if (set is not { Name.Length: > 0, Id: ['/', ..] })
            {
                troubles.Add("Azure listed a scale set without name or id");
                continue;
            }

            var deleting = "Deleting".Equals(set.Properties?.ProvisioningState, StringComparison.OrdinalIgnoreCase);
            if (!deleting && await AzurePools.FromAsync(set, sizes, ct) is { } pool)
            {
                pools.Add(await ViewAsync(pool, set, inMotion.Contains(pool.Name), troubles, ct));
            }
            else
            {
                Forget(set.Name);
            }
        }

        return new CloudView
        {
            ReadAt = readAt,
            Pools = pools.ToImmutable(),
            Complete = troubles.Count == 0,
            Trouble = troubles.Count == 0 ? null : string.Join("; ", troubles),
        };
    }

    /// <exception cref="CloudException">There is nothing from before, or a person must act.</exception>
    private CloudView AllFromBefore(ArmAnswer answer)
    {
        lock (_lock)
        {
            var before = _known.Values.Where(k => k.View is not null).ToList();
            if (before.Count == 0 || answer is ArmAnswer.Refused)
            {
                throw answer.ToException($"Reading the scale sets of resource group '{arm.Scope.ResourceGroup}'");
            }

            return new CloudView
            {
                ReadAt = before.Min(k => k.ReadAt),
                Pools = [.. from k in before orderby k.View!.Pool.Name select WithNews(k.View!)],
                Complete = false,
                Trouble = $"Azure {answer.Describe()} when asked for the scale sets; all is shown as it was before",
            };
        }
    }

    /// <summary>
    /// A list has been known to leave out what exists, and a pool that is gone takes its nodes with it: whatever was there
    /// before is asked for by name before it is believed gone.
    /// </summary>
    private async Task<IReadOnlyList<WireScaleSet>> WithMissingAsync(IReadOnlyList<WireScaleSet> listed, List<string> troubles, CancellationToken ct)
    {
        var names = listed.Select(s => s.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        List<Pool> missing;
        lock (_lock)
        {
            missing = [.. from k in _known.Values let view = k.View where view is not null && !names.Contains(view.Pool.Name) select view.Pool];
        }

        var all = listed.ToList();
        foreach (var pool in missing)
        {
            var read = await SetAsync(pool, ct);
            switch (read.Answer)
            {
                case ArmAnswer.Ok when read.Value is not null:
                    all.Add(read.Value);
                    break;
                case ArmAnswer.Refused { Status: HttpStatusCode.NotFound }:
                    Forget(pool.Name);
                    break;
                default:
                    troubles.Add($"pool '{pool.Name}' is missing from the list of scale sets, and Azure {read.Answer.Describe()} when asked for it");
                    break;
            }
        }

        return all;
    }

    private void Forget(string pool)
    {
        lock (_lock)
        {
            _known.Remove(pool);
        }
    }

    private async Task<PoolView> ViewAsync(Pool pool, WireScaleSet set, bool inMotion, List<string> troubles, CancellationToken ct)
    {
        KnownSet known;
        bool due;
        PoolView view;
        var ended = operations.TakeEnded(pool.Name);
        lock (_lock)
        {
            known = Of(pool.Name);
            if (known.View is null || known.UniqueId != set.Properties?.UniqueId)
            {
                // Another set by the same name: nothing known about the former holds.
                _known[pool.Name] = known = new KnownSet { UniqueId = set.Properties?.UniqueId };
            }

            view = new PoolView
            {
                Pool = pool,
                Capacity = set.Sku?.Capacity ?? 0,
                ETag = set.Etag,
                Machines = known.Machines,
                MachinesReadAt = known.MachinesReadAt,
            };
            known.Location = AzureMachines.Region(set.Location);
            due = known.View is not { } before
                || known.Dirty || ended || inMotion
                || before.Capacity != view.Capacity
                || before.ETag != view.ETag
                || time.GetElapsedTime(known.MachinesStamp) > MachinesGoodFor;
            if (EntityTag.IsOlder(set.Etag, known.LastWrite, time))
            {
                troubles.Add($"pool '{pool.Name}' is shown as it was before our last change");
                known.Dirty = true;
                due = false;
            }
        }

        if (due)
        {
            var read = await MachinesAsync(pool, ScaleSets.IsFlexible(set), ct);
            lock (_lock)
            {
                view = Listed(known, view, read, troubles);
            }
        }

        lock (_lock)
        {
            known.ReadAt = time.GetUtcNow();
            known.View = view;
        }

        return WithNews(view);
    }

    private PoolView Listed(KnownSet known, PoolView view, ArmRead<IReadOnlyList<Machine>> read, List<string> troubles)
    {
        if (read.Value is null)
        {
            known.Dirty = true;
            troubles.Add($"pool '{view.Pool.Name}': Azure {read.Answer.Describe()} when asked for its machines");
            return view;
        }

        // Machines that vanish while the capacity stays: either they are gone, or the list is not whole. It is asked for once
        // more before it is believed, since Kubernetes would delete the pods of a machine that is gone.
        var ids = read.Value.Select(m => m.Id).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var vanished = known.Machines.Count(m => m.State is not MachineState.Deleting && !ids.Contains(m.Id));
        if (vanished > 0 && read.Value.Count < view.Capacity && !known.Doubted)
        {
            known.Doubted = true;
            operations.LookAgain(view.Pool);
            troubles.Add($"pool '{view.Pool.Name}': the list of machines lacks {vanished} that were there; reading it again");
            return view;
        }

        known.Doubted = false;
        known.Dirty = false;
        known.MachinesStamp = time.GetTimestamp();
        known.MachinesReadAt = time.GetUtcNow();
        known.Machines = [.. read.Value];
        return view with { Machines = known.Machines, MachinesReadAt = known.MachinesReadAt };
    }

    /// <summary>Adds what our own operations know and the list may not show yet.</summary>
    private PoolView WithNews(PoolView view)
    {
        var inFlight = operations.InFlight(view.Pool.Name);
        var leaving = inFlight.SelectMany(o => o.Removes).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return view with
        {
            Machines = leaving.Count == 0
                ? view.Machines
                : [.. view.Machines.Select(m => leaving.Contains(m.Id) ? m with { State = MachineState.Deleting } : m)],
            InFlight = [.. inFlight.Select(o => new CloudOperation(o.Kind, o.Machines, o.StartedAt))],
            Failures = operations.TakeFailures(view.Pool.Name),
            OperationFailures = operations.TakeOperationFailures(view.Pool.Name),
        };
    }

    private KnownSet Of(string pool)
    {
        if (!_known.TryGetValue(pool, out var known))
        {
            _known[pool] = known = new KnownSet();
        }

        return known;
    }
}
