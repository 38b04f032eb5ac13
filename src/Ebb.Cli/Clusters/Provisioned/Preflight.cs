using System.Collections.Frozen;
using System.Collections.Immutable;
using Ebb.Cli.Definition;
using Ebb.Cli.Definition.Shapes;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Reports;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>What was found before anything is made.</summary>
/// <param name="Problems">Each with its remedy; while there is one, nothing is made.</param>
/// <param name="Warnings">What will do for now.</param>
/// <param name="ToRegister">
/// Resource providers that the subscription has not used yet. While there is one, what Azure says of it is not checked, and nothing but
/// registering is done.
/// </param>
internal sealed record PreflightReport(ImmutableArray<string> Problems, ImmutableArray<string> Warnings, ImmutableArray<string> ToRegister)
{
    /// <exception cref="EbbException">There are problems: all of them are named.</exception>
    public void Require(string cluster)
    {
        if (!Problems.IsEmpty)
        {
            throw new EbbException(Problems is [var only]
                ? $"{only} Nothing has been made."
                : $"Cluster '{cluster}' cannot be made as it is; nothing has been made:{string.Concat(Problems.Select(p => $"\n  - {p}"))}");
        }
    }
}

/// <summary>Names that have to be free in all of Azure.</summary>
/// <param name="Accounts">Storage accounts.</param>
/// <param name="Label">The control plane's name in DNS.</param>
internal sealed record GlobalNames(ImmutableArray<string> Accounts, string Label)
{
    public static GlobalNames Of(ClusterFile file, ResourceNames names) => new(
        file.Storage.Shares.IsEmpty ? [names.SystemAccount] : [names.SystemAccount, names.StorageAccount],
        names.DnsLabel);
}

/// <summary>Looks for everything that would stop a cluster half-way, before its first resource is made.</summary>
internal sealed class Preflight(SubscriptionFacts facts, ClusterFile file, GlobalNames names, ClusterPlace place)
{
    private static readonly ImmutableArray<string> Providers =
        [Registration.Compute, Registration.Network, Registration.Storage, "Microsoft.ManagedIdentity", "Microsoft.Authorization"];

    private readonly List<string> _problems = [];
    private readonly List<string> _warnings = [];

    // Null where Azure says nothing about sizes yet.
    private Func<IReadOnlySet<string>, (ImmutableArray<string> Problems, ImmutableArray<string> Warnings)>? _quotas;

    /// <summary>What sizes there are; known after the check.</summary>
    public FrozenDictionary<string, SizeOffer> Sizes { get; private set; } = FrozenDictionary<string, SizeOffer>.Empty;

    /// <summary>The pools' scale sets that are there; known after the check.</summary>
    public FrozenDictionary<string, ScaleSetFacts> Sets { get; private set; } = FrozenDictionary<string, ScaleSetFacts>.Empty;

    private string Region => file.Cloud.Region;

    public async Task<PreflightReport> CheckAsync(CancellationToken ct)
    {
        var regions = await facts.RegionsAsync(ct);
        var known = regions.Contains(Region, StringComparer.OrdinalIgnoreCase);
        if (!known)
        {
            _problems.Add($"Your subscription has no region '{Region}'. Set cloud.region to one of: {string.Join(", ", NearestRegions(regions))}.");
        }

        Groups();
        var register = await ProvidersAsync(ct);
        await RightsAsync(register, ct);
        if (known)
        {
            await MachinesAsync(register, ct);
            await NamesAsync(register, ct);
        }

        return new PreflightReport([.. _problems], [.. _warnings], [.. register]);
    }

    /// <summary>The same after the check, once it is known which scale sets are deleted and made anew: only Azure's comparison says so.</summary>
    public PreflightReport CheckAnew(IEnumerable<string> scaleSets) =>
        new(_quotas?.Invoke(scaleSets.ToFrozenSet(StringComparer.OrdinalIgnoreCase)).Problems ?? [], [], []);

    private void Groups()
    {
        foreach (var (key, name, group) in new[]
        {
            ("cloud.computeGroup", file.Cloud.ComputeGroup, place.Compute), ("cloud.storageGroup", file.Cloud.StorageGroup, place.Storage),
        })
        {
            if (group.Group is not { } found)
            {
                continue;
            }

            if (found.Deleting)
            {
                _problems.Add($"Resource group '{name}' is being deleted. Wait until it is gone, or name another with {key}.");
            }
            else if (!found.Location.Replace(" ", "", StringComparison.Ordinal).Equals(Region, StringComparison.OrdinalIgnoreCase))
            {
                _problems.Add($"Resource group '{name}' is in region '{found.Location}' and cannot move to '{Region}'. Set cloud.region back, or name another group with {key}.");
            }

            if (found.Tags.TryGetValue(ClusterPlace.ClusterTag, out var owner) && owner != file.Name)
            {
                _problems.Add($"Resource group '{name}' belongs to cluster '{owner}'. Name another with {key}.");
            }
            else if (owner is null && !group.Resources.IsEmpty)
            {
                _problems.Add(
                    $"Resource group '{name}' is there, holds {Words.Count(group.Resources.Length, "resource")} and is not Ebb's. Name another with {key}; "
                    + $"or, if the cluster is to live beside them, tag it {ClusterPlace.ClusterTag}={file.Name}.");
            }
        }
    }

    private async Task<List<string>> ProvidersAsync(CancellationToken ct)
    {
        var register = new List<string>();
        foreach (var provider in Providers)
        {
            switch (await facts.RegistrationAsync(provider, ct))
            {
                case null:
                    _problems.Add($"Azure knows no resource provider '{provider}' in this subscription. See that cloud.endpoint and the subscription are the ones you mean.");
                    break;
                case var state when !"Registered".Equals(state, StringComparison.OrdinalIgnoreCase):
                    register.Add(provider);
                    break;
            }
        }

        return register;
    }

    private async Task RightsAsync(List<string> register, CancellationToken ct)
    {
        var subscription = await facts.PermissionsAsync(null, ct);
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (name, group) in new[] { (file.Cloud.StorageGroup, place.Storage), (file.Cloud.ComputeGroup, place.Compute) })
        {
            // Rights in a group contain those in the subscription above it.
            var rights = group.Group is null ? subscription : await facts.PermissionsAsync(name, ct) ?? subscription;
            var where = group.Group is null ? "in the subscription" : $"in resource group '{name}'";
            foreach (var action in Rights.Needed(file, place, name == file.Cloud.StorageGroup))
            {
                if (rights is not null && !rights.Allow(action))
                {
                    missing.Add($"{action} {where}");
                }
            }
        }

        var unregistrable = register.Where(provider => subscription is not null && !subscription.Allow($"{provider}/register/action")).ToList();
        if (unregistrable.Count > 0)
        {
            _problems.Add(
                $"You may not register subscription '{facts.SubscriptionId}' with {string.Join(", ", unregistrable)}, which it has never used ({unregistrable[0]}/register/action); roles in resource groups do not contain that. "
                + Registration.Remedy(unregistrable, facts.SubscriptionId));
        }

        if (missing.Count == 0)
        {
            return;
        }

        var roles = missing.Any(m => m.Contains("roleAssignments", StringComparison.Ordinal))
            ? "Ask an owner for the role Owner, or for Contributor together with Role Based Access Control Administrator"
            : "Ask an owner for the role Contributor";
        var make = place.Storage.Group is null || place.Compute.Group is null ? ", which then are to be there first" : "";
        _problems.Add($"You may not: {string.Join("; ", missing)}. {roles}, in the subscription; or, beside the role Reader there, in both resource groups{make}.");
    }

    private async Task MachinesAsync(List<string> register, CancellationToken ct)
    {
        if (register.Contains(Registration.Compute))
        {
            // Before it is registered it answers nothing; all this is done again when it is.
            return;
        }

        Sizes = await facts.SizesAsync(Region, ct);
        if (place.Compute.Group is not null)
        {
            Sets = await facts.ScaleSetsAsync(file.Cloud.ComputeGroup, ct);
        }

        var sizes = new PreflightSizes(file, Sizes, place, Sets);
        var quotas = await facts.QuotasAsync(Region, network: false, ct);
        _problems.AddRange(sizes.Problems());
        _quotas = anew => sizes.Quotas(quotas, anew);
        var (short_, warnings) = _quotas(FrozenSet<string>.Empty);
        _problems.AddRange(short_);
        _warnings.AddRange(warnings);
    }

    private async Task NamesAsync(List<string> register, CancellationToken ct)
    {
        foreach (var account in names.Accounts.Where(a => !register.Contains(Registration.Storage) && !place.Storage.Has("Microsoft.Storage/storageAccounts", a)))
        {
            if (await facts.StorageNameProblemAsync(account, ct) is { } taken)
            {
                var remedy = account == file.Storage.Account ? "Choose another with storage.account." : "Its name follows from the cluster's and the storage group's: change either.";
                _problems.Add(taken.Reason == "AlreadyExists"
                    ? $"The name of storage account '{account}' is taken, by someone in some subscription of Azure. {remedy}"
                    : $"'{account}' cannot name a storage account: {taken.Message.TrimEnd('.')}. {remedy}");
            }
        }

        if (!register.Contains(Registration.Network))
        {
            var label = names.Label;
            if (await facts.IsLabelFreeAsync(Region, label, ct) is false && !await IsOwnAsync(label, ct))
            {
                _problems.Add($"The name '{label}.{Region}.cloudapp.azure.com' is taken. Choose another with network.dnsLabel.");
            }

            await AddressesAsync(ct);
        }
    }

    /// <summary>Whether it is the cluster's own address that has this label.</summary>
    private async Task<bool> IsOwnAsync(string label, CancellationToken ct) =>
        place.Compute.Group is not null
        && (await facts.PublicAddressesAsync(file.Cloud.ComputeGroup, ct)).Any(address =>
            address.Tags.GetValueOrDefault(ClusterPlace.ClusterTag) == file.Name && label.Equals(address.Name?.Split('.')[0], StringComparison.OrdinalIgnoreCase));

    private async Task AddressesAsync(CancellationToken ct)
    {
        FrozenDictionary<string, Quota> quotas = await facts.QuotasAsync(Region, network: true, ct);
        if (place.Compute.Resources.Any(r => r.Type.Equals("Microsoft.Network/publicIPAddresses", StringComparison.OrdinalIgnoreCase)))
        {
            return;
        }

        // One, of the machine or of the load balancer before several.
        foreach (var name in new[] { "PublicIPAddresses", "StaticPublicIPAddresses" })
        {
            if (quotas.TryGetValue(name, out var quota) && quota.Left < 1)
            {
                _problems.Add(
                    $"The control plane needs a public address in '{Region}'; quota {name} leaves none of {quota.Limit}. Delete some, or ask for more under 'Usage + quotas' of the subscription.");
            }
        }
    }

    private IEnumerable<string> NearestRegions(IReadOnlyList<string> regions) =>
        regions.OrderBy(r => Nearest.Distance(r, Region)).ThenBy(r => r, StringComparer.Ordinal).Take(5);
}
