using System.Collections.Immutable;
using Ebb.Cli.Definition;
using Ebb.Cli.Definition.Shapes;
using Ebb.Cli.Provisioning.Templates;
using Ebb.Cli.Reports;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Whether the machines of a cluster can be had: their sizes, zones and cores.</summary>
/// <param name="sets">The scale sets that are there.</param>
internal sealed class PreflightSizes(
    ClusterFile file, IReadOnlyDictionary<string, SizeOffer> offers, ClusterPlace place, IReadOnlyDictionary<string, ScaleSetFacts> sets)
{
    // Spot machines have one quota for all families together.
    private const string SpotQuota = "lowPriorityCores";

    private const string RegularQuota = "cores";

    private const string ControlPlane = "controlPlane";

    public IEnumerable<string> Problems()
    {
        foreach (var (key, who, size, zones, spot) in Wanted())
        {
            if (!offers.TryGetValue(size, out var offer))
            {
                yield return $"{who} asks for size '{size}', which Azure does not have in '{file.Cloud.Region}'.{Perhaps(size)} Set {key}.size.";
            }
            else if (offer.Refusal is { } reason)
            {
                yield return $"{who} asks for size '{size}', which this subscription does not get in '{file.Cloud.Region}' ({reason}). Set {key}.size to another, or ask Azure's support for it.";
            }
            else
            {
                var missing = zones.Where(zone => !offer.Zones.Contains(zone)).ToList();
                if (missing.Count > 0)
                {
                    yield return $"{who} asks for size '{size}' in zone {string.Join(", ", missing)}, where this subscription does not get it; "
                        + (offer.Zones.IsEmpty ? $"'{file.Cloud.Region}' has no zones for it. Remove {key}.zones." : $"it gets it in {string.Join(", ", offer.Zones)}. Set {key}.zones.");
                }

                // Ebb's own images are of the second generation, which old sizes do not start.
                if (Images.Short.Contains(file.Options.Image) && offer.Capabilities.GetValueOrDefault("HyperVGenerations") is { } generations && !generations.Contains("V2", StringComparison.OrdinalIgnoreCase))
                {
                    yield return $"{who} asks for size '{size}', which starts only images of the first generation; '{file.Options.Image}' is of the second. Set {key}.size to a newer one, or options.image to PUBLISHER:OFFER:SKU:VERSION.";
                }

                // Machines of pools run the agent, which there is for both; 'ebb' itself is made for this one only.
                if (key == ControlPlane && offer.Architecture != "amd64")
                {
                    yield return $"{who} asks for size '{size}', whose processor is of kind {offer.Architecture}; Ebb's own program runs on amd64 there. Set {key}.size to another, for example Standard_B2ms.";
                }

                if (spot && !offer.Spot)
                {
                    yield return $"{who} asks for spot machines of size '{size}', which Azure sells only as regular ones. Set {key}.priority to regular, or another size.";
                }
            }
        }
    }

    /// <summary>What the quotas leave no room for now, and what they will not leave room for later.</summary>
    /// <param name="anew">Scale sets that are deleted and made anew, beside those of another priority.</param>
    public (ImmutableArray<string> Problems, ImmutableArray<string> Warnings) Quotas(IReadOnlyDictionary<string, Quota> quotas, IReadOnlySet<string> anew)
    {
        var again = false;
        var now = new Dictionary<string, (long Cores, List<string> For)>(StringComparer.OrdinalIgnoreCase);
        var warnings = ImmutableArray.CreateBuilder<string>();
        if (offers.TryGetValue(file.ControlPlane.Size, out var plane))
        {
            Need(plane, spot: false, Math.Max(0, file.ControlPlane.Machines - place.ControlPlaneMachines), "the control plane");
        }

        foreach (var set in PoolScaleSet.Of(file))
        {
            var pool = set.Pool;
            if (!offers.TryGetValue(pool.Size, out var offer) || offer.Cores == 0)
            {
                continue;
            }

            // One that is made anew is gone before anything is deployed, and as many machines of what is wanted are asked for at once.
            var there = sets.GetValueOrDefault(set.Name);
            var (capacity, wasSpot) = (there?.Capacity ?? 0, there?.Spot ?? false);
            var stay = wasSpot == set.Spot && !anew.Contains(set.Name) ? capacity : 0;
            if (stay < capacity && there?.Size is { } size && offers.TryGetValue(size, out var before))
            {
                again = true;
                Free(before, wasSpot, capacity);
            }

            Need(offer, set.Spot, Math.Max(Math.Max(set.Min, set.KeepWarm), capacity) - stay, $"pool '{pool.Name}'");
            var have = pool.Size.Equals(there?.Size, StringComparison.OrdinalIgnoreCase) ? stay : 0;
            foreach (var name in QuotasOf(offer, set.Spot))
            {
                if (quotas.TryGetValue(name, out var quota) && have + (quota.Left / offer.Cores) is var most && most < pool.Max)
                {
                    warnings.Add($"Pool '{pool.Name}' may have {pool.Max}{(pool.Priority is PoolPriority.SpotThenRegular && !set.Spot ? " regular" : "")} machines, and quota '{name}' leaves room for {most} at most: {quota.Used} of {quota.Limit} cores are used. Ask for more under 'Usage + quotas' of the subscription when you need them.");
                }
            }
        }

        var problems = from need in now
                       where need.Value.Cores > 0 && quotas.TryGetValue(need.Key, out var quota) && quota.Left < need.Value.Cores
                       let quota = quotas[need.Key]
                       select $"{string.Join(", ", need.Value.For.Distinct())} need {Words.Count((int)need.Value.Cores, "core")} of quota '{need.Key}' in '{file.Cloud.Region}' at once, and {quota.Left} of {quota.Limit} are left. "
                           + "Ask for more under 'Usage + quotas' of the subscription, choose smaller sizes, or "
                           + (again ? "have fewer machines in a pool that is made anew." : "lower the pools' min.");
        return ([.. problems], warnings.ToImmutable());

        void Need(SizeOffer offer, bool spot, int machines, string who)
        {
            foreach (var name in QuotasOf(offer, spot))
            {
                var (cores, all) = now.TryGetValue(name, out var before) ? before : (0, []);
                if (machines > 0)
                {
                    all.Add(who);
                }

                now[name] = (cores + ((long)machines * offer.Cores), all);
            }
        }

        void Free(SizeOffer offer, bool spot, int machines) => Need(offer, spot, -machines, "");
    }

    private static string[] QuotasOf(SizeOffer offer, bool spot) =>
        spot ? [SpotQuota] : offer.Family.Length > 0 ? [RegularQuota, offer.Family] : [RegularQuota];

    private IEnumerable<(string Key, string Who, string Size, ImmutableArray<string> Zones, bool Spot)> Wanted() =>
    [
        (ControlPlane, "The control plane", file.ControlPlane.Size, file.ControlPlane.Zones, false),
        .. file.Pools.Select((pool, i) => ($"pools[{i}]", $"Pool '{pool.Name}'", pool.Size, pool.Zones, pool.Priority is not PoolPriority.Regular)),
    ];

    private string Perhaps(string size)
    {
        var nearest = offers.Values.Where(o => o.Refusal is null).Select(o => o.Name).OrderBy(name => Nearest.Distance(size, name)).ThenBy(name => name, StringComparer.Ordinal).Take(3).ToList();
        return nearest.Count == 0 ? "" : $" It has {string.Join(", ", nearest)} and others.";
    }
}
