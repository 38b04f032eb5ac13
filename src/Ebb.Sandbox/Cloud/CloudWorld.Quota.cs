using System.Collections.Immutable;

namespace Ebb.Sandbox.Cloud;

// What there is room for: the subscription's quota, and what the cloud has left.
public sealed partial class CloudWorld
{
    private ImmutableArray<Availability> _availability;

    /// <summary>Changes what the cloud can place from now on. Spot machines in excess are evicted.</summary>
    public void SetAvailability(ImmutableArray<Availability> availability)
    {
        lock (_agenda.Gate)
        {
            _availability = availability;
            foreach (var limit in availability)
            {
                var held = Placed().Where(i => limit.Matches(i.Size, i.Zone, i.Priority)).ToList();
                var spot = held.Where(i => i is { Priority: Priority.Spot, Power: PowerState.Running, Evicting: false, Counts: true }).ToList();
                for (var excess = held.Count - limit.Machines; excess > 0 && spot.Count > 0; excess--)
                {
                    var at = _random.Next(spot.Count);
                    Evict(_sets[Key(spot[at].Group, spot[at].Set)], spot[at]);
                    spot.RemoveAt(at);
                }
            }
        }
    }

    /// <summary>What is used of each quota, and its limit.</summary>
    public Outcome<Listing<Usage>> ListUsages() => Call<Listing<Usage>>(CallKind.ListUsages, null, () =>
    {
        ImmutableArray<Usage> usages =
        [
            Used("cores"),
            new Usage("virtualMachines", _sets.Values.Sum(s => s.Current.Instances.Count), 25_000),
            new Usage("virtualMachineScaleSets", _sets.Values.Count(s => !s.Current.Standalone), 2500),
            new Usage("availabilitySets", 0, 2500),
            Used("lowPriorityCores"),
            .. _options.Sizes.Select(s => s.Family).Distinct().Select(Used),
        ];
        return new Listing<Usage>(usages);
    });

    /// <summary>The zone with the fewest machines of the set where the cloud has room; "" for a set without zones; null: nowhere.</summary>
    private string? PickZone(ScaleSet set)
    {
        if (set.Zones.Length == 0)
        {
            return Room(set.Spec, "") > 0 ? "" : null;
        }

        return set.Zones
            .Where(z => Room(set.Spec, z) > 0)
            .OrderBy(z => set.Instances.Values.Count(i => i.Counts && i.Zone == z))
            .ThenBy(z => z, StringComparer.Ordinal)
            .FirstOrDefault();
    }

    private int Room(ScaleSetSpec spec, string zone) => _availability
        .Where(a => a.Matches(spec.Size, zone, spec.Priority))
        .Select(a => a.Machines - Placed().Count(i => a.Matches(i.Size, i.Zone, i.Priority)))
        .DefaultIfEmpty(int.MaxValue)
        .Min();

    private IEnumerable<Instance> Placed() => _sets.Values
        .SelectMany(s => s.Current.Instances.Values)
        .Where(i => i.Power != PowerState.Deallocated);

    private Availability? Tightest(ScaleSetSpec spec) => _availability
        .Where(a => (spec.Zones.Length == 0 ? [""] : spec.Zones).Any(z => a.Matches(spec.Size, z, spec.Priority)))
        .MinBy(a => a.Machines);

    private CloudError? SoldOut(ScaleSetSpec spec, string resourceId)
    {
        ImmutableArray<string> zones = spec.Zones.Length == 0 ? [""] : spec.Zones;
        return Tightest(spec)?.Answer == Shortage.SkuNotAvailable && zones.All(z => Room(spec, z) <= 0)
            ? CloudErrors.SkuNotAvailable(resourceId, _options.Location, string.Join(',', spec.Zones), _options.SubscriptionId)
            : null;
    }

    /// <param name="claims">What is asked for besides; what fits is added to it.</param>
    private CloudError? OverQuota(ScaleSetSpec spec, int more, SetState? growing, QuotaClaims? claims = null)
    {
        var size = SizeOf(spec.Size);
        var cores = more * size.VCpus;
        (string Name, string Says)[] quotas = spec.Priority == Priority.Spot
            ? [("lowPriorityCores", "LowPriorityCores")]
            : [("cores", "Total Regional Cores"), (size.Family, $"{size.Family} Family Cores")];
        foreach (var (name, says) in quotas)
        {
            var used = Used(name, growing);
            var current = used.Current + (claims?.Of(name) ?? 0);
            if (current + cores > used.Limit)
            {
                return CloudErrors.Quota(says, _options.Location, used.Limit, current, cores);
            }
        }

        foreach (var (name, _) in claims is null ? [] : quotas)
        {
            claims!.Add(name, cores);
        }

        return null;
    }

    private Usage Used(string quota) => Used(quota, except: null);

    /// <param name="except">A set whose pending growth is left out: it is what is being asked for.</param>
    private Usage Used(string quota, SetState? except)
    {
        var used = 0;
        foreach (var state in _sets.Values)
        {
            var set = state.Current;
            var pending = ReferenceEquals(state, except) ? 0 : state.Pending;
            used += Uses(set.Priority, set.Size) * pending;
            foreach (var instance in set.Instances.Values)
            {
                used += Uses(instance.Priority, instance.Size);
            }
        }

        return new Usage(quota, used, _options.Quotas.GetValueOrDefault(quota, 10_000));

        // Spot machines count against their own limit only; stopped and deallocated ones keep their share.
        int Uses(Priority priority, string sizeName)
        {
            var size = SizeOf(sizeName);
            var counts = quota switch
            {
                "cores" => priority == Priority.Regular,
                "lowPriorityCores" => priority == Priority.Spot,
                _ => priority == Priority.Regular && size.Family == quota,
            };
            return counts ? size.VCpus : 0;
        }
    }

    private Size SizeOf(string name) => _options.Sizes.First(s => s.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}

/// <param name="Name">As the cloud names the quota: <c>cores</c>, <c>lowPriorityCores</c>, a family.</param>
public sealed record Usage(string Name, int Current, int Limit);
