using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Ebb.Clouds.Azure.Deployments;

/// <summary>A subscription that the caller may see.</summary>
/// <param name="State">Enabled, or why nothing can be made in it.</param>
public sealed record Subscription(string Id, string Name, string State, string Tenant);

/// <summary>A machine size as this subscription gets it in one region.</summary>
/// <param name="Family">The quota that its regular machines count against, besides the region's.</param>
/// <param name="Zones">Zones in which it may be had; empty where the region has none.</param>
/// <param name="Refusal">Why this subscription does not get it here at all; null when it does.</param>
public sealed record SizeOffer(string Name, string Family, int Cores, ImmutableArray<string> Zones, bool Spot, string Architecture, string? Refusal)
{
    /// <summary>All that Azure says of it, by Azure's names; numbers too are text.</summary>
    public FrozenDictionary<string, string> Capabilities { get; init; } = FrozenDictionary<string, string>.Empty;
}

/// <summary>A quota: how much there may be, and how much there is.</summary>
public sealed record Quota(string Name, long Used, long Limit)
{
    public long Left => Math.Max(0, Limit - Used);
}

/// <summary>A scale set as the provider of machines has it now; the list of a group's resources is a copy that may be late.</summary>
/// <param name="Capacity">As many machines as it is to have.</param>
/// <param name="Spot">Whether its machines are spot ones.</param>
public sealed record ScaleSetFacts(string Name, string Size, int Capacity, bool Spot);

/// <summary>What a subscription has and may do; asked before anything is made.</summary>
public sealed class SubscriptionFacts(ArmConnection arm)
{
    private const string SubscriptionsVersion = "2022-12-01";

    private const string NetworkVersion = "2023-09-01";

    private static readonly TimeSpan RegisterWithin = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(3);

    /// <summary>The connection's own.</summary>
    public string SubscriptionId => arm.Subscription;

    /// <summary>Whether something was refused because the subscription is not registered with its namespace, or because that is not known everywhere yet.</summary>
    /// <remarks>Storage, asked for a free name, knows no such subscription until then.</remarks>
    public static bool IsNotRegistered(CloudException e) => e.Code is "MissingSubscriptionRegistration" or "SubscriptionNotFound";

    /// <summary>Those that the caller may see; whichever the connection is for.</summary>
    public async Task<IReadOnlyList<Subscription>> SubscriptionsAsync(CancellationToken ct)
    {
        var wires = await arm.ListAsync(
            "Listing the subscriptions", arm.Address("/subscriptions", SubscriptionsVersion), DeploymentJson.Default.WirePageWireSubscription, ct);
        return [.. from wire in wires where wire.SubscriptionId is not null select Of(wire)];
    }

    /// <summary>The connection's own; null when the caller may not see it.</summary>
    public async Task<Subscription?> SubscriptionAsync(CancellationToken ct)
    {
        try
        {
            var wire = await arm.FindAsync(
                $"Reading subscription '{arm.Subscription}'", arm.Address(arm.SubscriptionPath, SubscriptionsVersion), DeploymentJson.Default.WireSubscription, ct);
            return wire?.SubscriptionId is null ? null : Of(wire);
        }
        catch (CloudException e) when (e.Status is HttpStatusCode.Forbidden or HttpStatusCode.BadRequest)
        {
            return null;
        }
    }

    /// <summary>Names of the regions, as Azure compares them: <c>westeurope</c>.</summary>
    public async Task<IReadOnlyList<string>> RegionsAsync(CancellationToken ct)
    {
        var wires = await arm.ListAsync(
            "Listing the regions", arm.Address($"{arm.SubscriptionPath}/locations", SubscriptionsVersion), DeploymentJson.Default.WirePageWireLocation, ct);
        return [.. from wire in wires
                   where wire.Name is not null && !"Logical".Equals(wire.Metadata?.RegionType, StringComparison.OrdinalIgnoreCase)
                   select wire.Name];
    }

    /// <summary>What images there are in a region: publishers, a publisher's offers, an offer's skus, or a sku's versions, the newest first.</summary>
    /// <param name="of">Publisher, offer and sku, as far as they are known.</param>
    /// <returns>Null when there is nothing of that name.</returns>
    public async Task<IReadOnlyList<string>?> ImagesAsync(string region, ImmutableArray<string> of, CancellationToken ct)
    {
        string[] steps = ["/artifacttypes/vmimage/offers", "/skus", "/versions"];
        var path = $"{arm.SubscriptionPath}/providers/Microsoft.Compute/locations/{Uri.EscapeDataString(region)}/publishers"
            + string.Concat(of.Select((part, i) => $"/{Uri.EscapeDataString(part)}{steps[i]}"));
        var wires = await arm.FindAsync(
            $"Listing the images of '{region}'",
            arm.Address(path, "2023-09-01"),
            DeploymentJson.Default.IReadOnlyListWireImagePart,
            ct);
        var names = wires?.Select(wire => wire.Name).OfType<string>().ToList();
        return names is not { Count: > 0 } ? null : of.Length == steps.Length ? [.. names.OrderDescending(Versions)] : names;
    }

    /// <summary>The sizes of a region by name.</summary>
    public async Task<FrozenDictionary<string, SizeOffer>> SizesAsync(string region, CancellationToken ct)
    {
        var address = arm.Address(
            $"{arm.SubscriptionPath}/providers/Microsoft.Compute/skus", "2021-07-01", $"$filter={Uri.EscapeDataString($"location eq '{region}'")}");
        var wires = await arm.ListAsync($"Listing the machine sizes of '{region}'", address, DeploymentJson.Default.WirePageWireOffer, ct);
        var offers = new Dictionary<string, SizeOffer>(StringComparer.OrdinalIgnoreCase);
        foreach (var wire in wires)
        {
            if ("virtualMachines".Equals(wire.ResourceType, StringComparison.OrdinalIgnoreCase) && wire.Name is not null)
            {
                offers[wire.Name] = Of(wire, wire.Name, region);
            }
        }

        return offers.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Quotas by Azure's name for them: of machines (<c>cores</c>, <c>lowPriorityCores</c>, a family), or of networks.</summary>
    public async Task<FrozenDictionary<string, Quota>> QuotasAsync(string region, bool network, CancellationToken ct)
    {
        var provider = network ? "Microsoft.Network" : "Microsoft.Compute";
        var address = arm.Address(
            $"{arm.SubscriptionPath}/providers/{provider}/locations/{Uri.EscapeDataString(region)}/usages", NetworkVersion);
        var wires = await arm.ListAsync($"Reading the quotas of '{region}'", address, DeploymentJson.Default.WirePageWireUsage, ct);
        return wires.Where(w => w.Name?.Value is not null).Select(w => new Quota(w.Name!.Value!, w.CurrentValue ?? 0, w.Limit ?? 0))
            .DistinctBy(q => q.Name, StringComparer.OrdinalIgnoreCase)
            .ToFrozenDictionary(q => q.Name, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Whether resources of a namespace may be made: <c>Registered</c>, or another word; null when there is no such namespace.</summary>
    public async Task<string?> RegistrationAsync(string provider, CancellationToken ct)
    {
        var wire = await arm.FindAsync(
            $"Reading resource provider '{provider}'",
            arm.Address($"{arm.SubscriptionPath}/providers/{provider}", ArmConnection.ResourcesVersion),
            DeploymentJson.Default.WireProvider,
            ct);
        return wire?.RegistrationState;
    }

    /// <summary>The scale sets of a resource group by name; none where there is no such group.</summary>
    public async Task<FrozenDictionary<string, ScaleSetFacts>> ScaleSetsAsync(string group, CancellationToken ct)
    {
        try
        {
            var wires = await arm.ListAsync(
                $"Listing the scale sets of '{group}'",
                arm.Address($"{arm.GroupPath(group)}/providers/Microsoft.Compute/virtualMachineScaleSets", "2023-09-01"),
                ArmJson.Default.WirePageWireScaleSet,
                ct);
            return wires.Where(wire => wire.Name is not null).Select(Of).ToFrozenDictionary(set => set.Name, StringComparer.OrdinalIgnoreCase);
        }
        catch (CloudException e) when (e.Status is HttpStatusCode.NotFound)
        {
            return FrozenDictionary<string, ScaleSetFacts>.Empty;
        }
    }

    /// <summary>The public addresses of a resource group.</summary>
    public Task<IReadOnlyList<PublicAddress>> PublicAddressesAsync(string group, CancellationToken ct) => new PublicAddresses(arm).ListAsync(group, ct);

    /// <summary>Begins to register the subscription with a namespace, which takes Azure minutes; where it is, nothing changes.</summary>
    /// <exception cref="CloudException">It was refused.</exception>
    public async Task RegisterAsync(string provider, CancellationToken ct)
    {
        var doing = $"Registering subscription '{arm.Subscription}' with '{provider}'";
        var address = arm.Address($"{arm.SubscriptionPath}/providers/{provider}/register", ArmConnection.ResourcesVersion);
        var answer = await arm.RepeatAsync(doing, new ArmCall(HttpMethod.Post, address, ArmFamily.Writes), ct);
        if (answer is not ArmAnswer.Ok)
        {
            throw ArmConnection.Failed(doing, answer);
        }
    }

    /// <summary>Waits until the subscription is registered with a namespace.</summary>
    /// <exception cref="TimeoutException">It still is not after 15 min.</exception>
    public async Task AwaitRegisteredAsync(string provider, CancellationToken ct)
    {
        var started = arm.Time.GetTimestamp();
        while (!"Registered".Equals(await RegistrationAsync(provider, ct), StringComparison.OrdinalIgnoreCase))
        {
            if (arm.Time.GetElapsedTime(started) > RegisterWithin)
            {
                throw new TimeoutException(
                    $"Azure has not registered subscription '{arm.Subscription}' with '{provider}' within {RegisterWithin.TotalMinutes} min. It goes on with it; run this again later. No resource has been made.");
            }

            await Task.Delay(LookEvery, arm.Time, ct);
        }
    }

    /// <summary>What the caller may do in a resource group, or in the whole subscription; null when Azure does not tell.</summary>
    public async Task<Permissions?> PermissionsAsync(string? group, CancellationToken ct)
    {
        var scope = group is null ? arm.SubscriptionPath : arm.GroupPath(group);
        try
        {
            var wires = await arm.ListAsync(
                "Reading your permissions",
                arm.Address($"{scope}/providers/Microsoft.Authorization/permissions", "2022-04-01"),
                DeploymentJson.Default.WirePageWireRights,
                ct);
            return new Permissions([.. wires.Select(w => new Permissions.Grant([.. w.Actions ?? []], [.. w.NotActions ?? []]))]);
        }
        catch (CloudException e) when (e.Status is HttpStatusCode.NotFound or HttpStatusCode.Forbidden or HttpStatusCode.BadRequest)
        {
            // Whoever may not ask may still be allowed to do: the deployment itself will tell.
            return null;
        }
    }

    /// <summary>Whether a storage account of this name can be made.</summary>
    /// <returns>Why not, in Azure's words; null when it can.</returns>
    public async Task<(string Reason, string Message)?> StorageNameProblemAsync(string name, CancellationToken ct)
    {
        var address = arm.Address($"{arm.SubscriptionPath}/providers/Microsoft.Storage/checkNameAvailability", StorageAccounts.Version);
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new WireNameQuestion(name, "Microsoft.Storage/storageAccounts"), DeploymentJson.Default.WireNameQuestion);
        var doing = $"Asking whether storage account '{name}' is free";
        var answer = await arm.RepeatAsync(doing, new ArmCall(HttpMethod.Post, address, ArmFamily.Writes, body), ct);
        return answer is not ArmAnswer.Ok ok ? throw ArmConnection.Failed(doing, answer)
            : ArmConnection.Read(ok, DeploymentJson.Default.WireNameAnswer) is { NameAvailable: false } taken
                ? (taken.Reason ?? "AlreadyExists", taken.Message ?? "It is taken.")
                : null;
    }

    /// <summary>Whether a public address in this region can have this name; null when Azure does not tell.</summary>
    public async Task<bool?> IsLabelFreeAsync(string region, string label, CancellationToken ct)
    {
        var address = arm.Address(
            $"{arm.SubscriptionPath}/providers/Microsoft.Network/locations/{Uri.EscapeDataString(region)}/CheckDnsNameAvailability",
            NetworkVersion,
            $"domainNameLabel={Uri.EscapeDataString(label)}");
        var wire = await arm.FindAsync($"Asking whether the name '{label}' is free", address, DeploymentJson.Default.WireNameAnswer, ct);
        return wire?.Available;
    }

    // Low is the old name of Spot.
    private static ScaleSetFacts Of(WireScaleSet wire) => new(
        wire.Name!, wire.Sku?.Name ?? "", wire.Sku?.Capacity ?? 0, wire.Properties?.VirtualMachineProfile?.Priority?.ToUpperInvariant() is "SPOT" or "LOW");

    private static Subscription Of(WireSubscription wire) =>
        new(wire.SubscriptionId!, wire.DisplayName ?? wire.SubscriptionId!, wire.State ?? "Enabled", wire.TenantId ?? "");

    private static SizeOffer Of(WireOffer wire, string name, string region)
    {
        var capabilities = (wire.Capabilities ?? []).OfType<WireCapability>().Where(c => c.Name is not null)
            .ToLookup(c => c.Name!, c => c.Value, StringComparer.OrdinalIgnoreCase);
        var zones = (wire.LocationInfo ?? []).OfType<WireOfferPlace>()
            .FirstOrDefault(place => region.Equals(place.Location, StringComparison.OrdinalIgnoreCase))?.Zones ?? [];
        var restrictions = (wire.Restrictions ?? []).OfType<WireOfferRestriction>().ToList();
        var closed = restrictions.Where(r => "Zone".Equals(r.Type, StringComparison.OrdinalIgnoreCase))
            .SelectMany(r => r.RestrictionInfo?.Zones ?? []).ToHashSet();
        var refusal = restrictions.Find(r => "Location".Equals(r.Type, StringComparison.OrdinalIgnoreCase));
        return new SizeOffer(
            name,
            wire.Family ?? "",
            int.TryParse(capabilities["vCPUs"].FirstOrDefault(), NumberStyles.Integer, CultureInfo.InvariantCulture, out var cores) ? cores : 0,
            [.. zones.Where(zone => !closed.Contains(zone)).Order(StringComparer.Ordinal)],
            !"False".Equals(capabilities["LowPriorityCapable"].FirstOrDefault(), StringComparison.OrdinalIgnoreCase),
            "Arm64".Equals(capabilities["CpuArchitectureType"].FirstOrDefault(), StringComparison.OrdinalIgnoreCase) ? "arm64" : "amd64",
            refusal is null ? null : refusal.ReasonCode ?? "NotAvailableForSubscription")
        {
            Capabilities = capabilities.Where(c => c.First() is not null)
                .ToFrozenDictionary(c => c.Key, c => c.First()!, StringComparer.OrdinalIgnoreCase),
        };
    }

    // 22.04.202404090 before 22.04.202509090, and 9.1 before 10.0: by number, part for part.
    private static readonly Comparer<string> Versions = Comparer<string>.Create((a, b) =>
    {
        var (left, right) = (a.Split('.'), b.Split('.'));
        for (var i = 0; i < Math.Min(left.Length, right.Length); i++)
        {
            var order = long.TryParse(left[i], NumberStyles.None, CultureInfo.InvariantCulture, out var one) && long.TryParse(right[i], NumberStyles.None, CultureInfo.InvariantCulture, out var other)
                ? one.CompareTo(other)
                : string.CompareOrdinal(left[i], right[i]);
            if (order != 0)
            {
                return order;
            }
        }

        return left.Length.CompareTo(right.Length);
    });
}
