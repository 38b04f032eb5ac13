using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Xml;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Cloud;

/// <summary>Reads and merges the JSON that describes a scale set; every refusal in the cloud's own words.</summary>
internal static class ScaleSetModel
{
    private static readonly SearchValues<char> NotInTagNames = SearchValues.Create("<>%&\\?/");

    // Of the storage profile, besides what the typed part of a model has.
    private static readonly ImmutableArray<string> SetOnce =
        ["imageReference.publisher", "imageReference.offer", "osDisk.managedDisk.storageAccountType", "osDisk.diffDiskSettings.option", "osDisk.diffDiskSettings.placement"];

    /// <summary>What a request leaves out stays as it was: callers that scale send only the sku.</summary>
    public static JsonObject Merge(JsonObject? existing, JsonObject body)
    {
        var model = existing?.DeepClone().AsObject() ?? new JsonObject(new JsonNodeOptions { PropertyNameCaseInsensitive = true });
        foreach (var (name, value) in body)
        {
            // What the server itself adds to answers comes back in full replaces and is not the caller's to set.
            if (value is null || Is(name, "id", "name", "type", "etag"))
            {
                continue;
            }

            var key = KeyIn(model, name);
            model[key] = Is(name, "tags", "zones", "identity") || model[key] is not JsonObject old || value is not JsonObject add
                ? value.DeepClone()
                : MergeObject(old, add);
        }

        Strip(model);
        return model;
    }

    /// <summary>The typed part of a model, or why it is refused.</summary>
    public static Outcome<ScaleSetSpec> Read(JsonObject model, CloudOptions options)
    {
        try
        {
            return ReadChecked(model, options);
        }
        catch (ModelException e)
        {
            return e.Error;
        }
    }

    /// <summary>Whether two models would make different instances.</summary>
    public static bool MakesSame(JsonObject a, JsonObject b) =>
        JsonNode.DeepEquals(Get(Get(a, "properties"), "virtualMachineProfile"), Get(Get(b, "properties"), "virtualMachineProfile"))
        && string.Equals(Text(Get(Get(a, "sku"), "name")), Text(Get(Get(b, "sku"), "name")), StringComparison.OrdinalIgnoreCase);

    /// <summary>Of how many models a set's machines may be at a time (MicrosoftDocs/azure-docs issue 103472).</summary>
    public const int MostInUse = 10;

    /// <summary>Whether spot machines of two models have the same limit of price.</summary>
    public static bool HasSamePrice(JsonObject a, JsonObject b) => JsonNode.DeepEquals(PriceOf(a), PriceOf(b));

    /// <summary>Whether disks by two models are made of one image.</summary>
    public static bool HasSameImage(JsonObject a, JsonObject b) => JsonNode.DeepEquals(ImageOf(a), ImageOf(b));

    /// <summary>What of its machines' disks a set was made with and keeps, and that one model has otherwise than the one before; null for nothing.</summary>
    public static string? ChangedForGood(JsonObject before, JsonObject after) =>
        SetOnce.FirstOrDefault(path => OfStorage(before, path) is { } was && !was.Equals(OfStorage(after, path), StringComparison.OrdinalIgnoreCase));

    private static JsonNode? PriceOf(JsonObject model) => At(model, "properties", "virtualMachineProfile", "billingProfile", "maxPrice");

    private static JsonNode? ImageOf(JsonObject model) => At(model, "properties", "virtualMachineProfile", "storageProfile", "imageReference");

    private static string? OfStorage(JsonObject model, string path) =>
        Text(At(model, ["properties", "virtualMachineProfile", "storageProfile", .. path.Split('.')]));

    private static Outcome<ScaleSetSpec> ReadChecked(JsonObject model, CloudOptions options)
    {
        var location = OptionalText(model, "location")
            ?? throw Refuse("LocationRequired", "The location property is required for this definition.");
        if (!location.Replace(" ", "", StringComparison.Ordinal).Equals(options.Location, StringComparison.OrdinalIgnoreCase))
        {
            throw Refuse(
                "LocationNotAvailableForResourceType",
                $"The provided location '{location}' is not available for resource type 'Microsoft.Compute/virtualMachineScaleSets'. " +
                $"List of available regions for the resource type is '{options.Location}'.");
        }

        var sku = Object(model, "sku") ?? throw Required("sku");
        var properties = Object(model, "properties");
        var profile = Object(properties, "virtualMachineProfile") ?? throw Required("virtualMachineProfile");
        if (Is(OptionalText(properties, "orchestrationMode") ?? "Uniform", "Flexible"))
        {
            throw Invalid("orchestrationMode", "Orchestration mode 'Flexible' is not offered in this location; use 'Uniform'.");
        }

        var single = Bool(properties, "singlePlacementGroup") ?? true;
        var capacity = Whole(sku, "capacity") ?? 0;
        var most = single ? 100 : 1000;
        if (capacity < 0 || capacity > most)
        {
            throw Invalid("sku.capacity", $"The value '{capacity}' of parameter 'sku.capacity' is out of range. The value must be between 0 and {most}.");
        }

        var size = OptionalText(sku, "name") ?? throw Required("sku.name");
        var known = options.Sizes.FirstOrDefault(s => s.Name.Equals(size, StringComparison.OrdinalIgnoreCase))
            ?? throw Invalid("vmSize", $"The value {size} provided for the VM size is not valid. The valid sizes in the current region are: {string.Join(',', options.Sizes.Select(s => s.Name))}.");
        var priority = ReadPriority(OptionalText(profile, "priority"));
        if (priority == Priority.Spot && known.SpotPrice is null)
        {
            throw Refuse("AzureSpotIsNotSupportedForThisVMSize", $"Azure spot is not supported for this VM size {known.Name}.");
        }

        var eviction = Enumeration<EvictionPolicy>(profile, "evictionPolicy");
        if (eviction is not null && priority != Priority.Spot)
        {
            throw Refuse("EvictionPolicyCanBeSetOnlyOnAzureSpotVirtualMachines", "Eviction policy can be set only on Azure Spot Virtual Machines.");
        }

        var zones = Texts(model, "zones");
        foreach (var zone in zones)
        {
            if (!options.Zones.Contains(zone))
            {
                throw Refuse("InvalidAvailabilityZone", $"The zone(s) '{zone}' for resource 'Microsoft.Compute/virtualMachineScaleSets' is not supported. The supported zones for location '{options.Location}' are '{string.Join(',', options.Zones)}'");
            }
        }

        return new ScaleSetSpec
        {
            Size = known.Name,
            Tier = OptionalText(sku, "tier") ?? "Standard",
            Capacity = capacity,
            Tags = ReadTags(model),
            Zones = zones,
            Priority = priority,
            EvictionPolicy = eviction ?? EvictionPolicy.Deallocate,
            ScaleIn = ReadScaleIn(properties),
            Overprovision = Bool(properties, "overprovision") ?? true,
            SinglePlacementGroup = single,
            Upgrade = Enumeration<UpgradeMode>(Object(properties, "upgradePolicy"), "mode") ?? UpgradeMode.Manual,
            ComputerNamePrefix = ReadPrefix(profile),
            TerminateNotice = ReadTerminateNotice(profile, priority),
            FaultDomains = Math.Max(1, Whole(properties, "platformFaultDomainCount") ?? 5),
            EphemeralDisk = IsEphemeral(profile, known),
        };
    }

    /// <summary>Whether machines of a profile have their system disk on their host.</summary>
    /// <exception cref="ModelException">Their size has no room for it there.</exception>
    internal static bool IsEphemeral(JsonObject profile, Size size)
    {
        var disk = Object(Object(profile, "storageProfile"), "osDisk");
        var settings = Object(disk, "diffDiskSettings");
        if (!Is(OptionalText(settings, "option") ?? "", "Local"))
        {
            return false;
        }

        return (Whole(disk, "diskSizeGB") ?? 30) <= size.TempDiskGiB
            ? true
            : throw new ModelException(CloudErrors.EphemeralTooLarge(size, OptionalText(settings, "placement") ?? "ResourceDisk"));
    }

    private static Priority ReadPriority(string? text) => text switch
    {
        null => Priority.Regular,
        _ when Is(text, "Regular") => Priority.Regular,
        // Low is the old name of Spot.
        _ when Is(text, "Spot", "Low") => Priority.Spot,
        _ => throw Invalid("priority", $"The value '{text}' of parameter 'priority' is not valid. Allowed values are 'Regular', 'Low', 'Spot'."),
    };

    private static ScaleIn ReadScaleIn(JsonObject? properties)
    {
        var rules = Texts(Object(properties, "scaleInPolicy"), "rules");
        if (rules.Length == 0)
        {
            return ScaleIn.Default;
        }

        return Enum.TryParse<ScaleIn>(rules[0], ignoreCase: true, out var rule) && Enum.IsDefined(rule)
            ? rule
            : throw Invalid("scaleInPolicy.rules", $"The value '{rules[0]}' of parameter 'scaleInPolicy.rules' is not valid. Allowed values are 'Default', 'OldestVM', 'NewestVM'.");
    }

    private static string? ReadPrefix(JsonObject profile)
    {
        var prefix = OptionalText(Object(profile, "osProfile"), "computerNamePrefix");
        if (prefix is not null && (prefix.Length is 0 or > 58 || !prefix.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')))
        {
            throw Invalid("computerNamePrefix", $"The computer name prefix '{prefix}' is not valid. It must have 1 to 58 letters, digits or hyphens.");
        }

        return prefix;
    }

    private static TimeSpan? ReadTerminateNotice(JsonObject profile, Priority priority)
    {
        var terminate = Object(Object(profile, "scheduledEventsProfile"), "terminateNotificationProfile");
        if (Bool(terminate, "enable") != true)
        {
            return null;
        }

        if (priority == Priority.Spot)
        {
            throw Invalid("terminateNotificationProfile", "Terminate notifications cannot be enabled on Azure Spot virtual machines.");
        }

        var text = OptionalText(terminate, "notBeforeTimeout") ?? "PT5M";
        try
        {
            var notice = XmlConvert.ToTimeSpan(text);
            if (notice >= TimeSpan.FromMinutes(5) && notice <= TimeSpan.FromMinutes(15))
            {
                return notice;
            }
        }
        catch (FormatException)
        {
            // Not a duration at all: refused in the same words as one out of range.
        }

        throw Invalid("notBeforeTimeout", $"The value '{text}' of parameter 'notBeforeTimeout' is not valid. It must be between PT5M and PT15M.");
    }

    /// <summary>Tags of any resource.</summary>
    internal static ImmutableSortedDictionary<string, string> ReadTags(JsonObject body)
    {
        var tags = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, node) in Object(body, "tags") ?? [])
        {
            var value = node is null ? "" : Text(node) ?? throw InvalidContent($"tags.{name}", "a string");
            if (name.Length is 0 or > 512 || name.AsSpan().IndexOfAny(NotInTagNames) >= 0)
            {
                throw Refuse("InvalidTagNameCharacters", $"The tag names '{name}' have reserved characters '<,>,%,&,\\,?,/' or control characters, or a length outside 1 to 512.");
            }

            if (value.Length > 256)
            {
                throw Refuse("InvalidTagValueLength", $"Tag value too large. Following tag value '{value[..32]}…' exceeded the maximum length. Maximum allowed length for tag value - '256' characters.");
            }

            tags[name] = value;
        }

        return tags.Count <= 50
            ? tags.ToImmutable()
            : throw Refuse("TooManyTags", $"The resource has '{tags.Count}' tags; the maximum is '50'.");
    }

    private static JsonObject MergeObject(JsonObject existing, JsonObject add)
    {
        var merged = existing.DeepClone().AsObject();
        foreach (var (name, value) in add)
        {
            if (value is null)
            {
                continue;
            }

            var key = KeyIn(merged, name);
            merged[key] = merged[key] is JsonObject old && value is JsonObject inner ? MergeObject(old, inner) : value.DeepClone();
        }

        return merged;
    }

    // A secret that is not stored cannot be returned.
    private static void Strip(JsonObject model)
    {
        if (Get(Get(Get(model, "properties"), "virtualMachineProfile"), "osProfile") is JsonObject os)
        {
            os.Remove(KeyIn(os, "adminPassword"));
        }
    }
}
