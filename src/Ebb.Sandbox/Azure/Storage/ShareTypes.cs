using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Storage;

/// <summary>File shares as resource manager has them: the same that the file service serves.</summary>
internal sealed partial class FileShareType(StorageAccounts accounts) : ResourceType("Microsoft.Storage", "storageAccounts/fileServices/shares")
{
    private const int MaxQuotaGiB = 5120;
    private const int LargeQuotaGiB = 102400;

    public override NameRule Names { get; } = new(ShareName(), "3 to 63 lower-case letters, digits and single hyphens, not at an end");

    public override bool HasState => false;

    protected internal override void Complete(Writing w)
    {
        var account = Account(w.Id);
        var most = account.LargeShares ? LargeQuotaGiB : MaxQuotaGiB;
        var quota = Whole(w.Properties, "shareQuota") ?? MaxQuotaGiB;
        if (quota < 1 || quota > most)
        {
            throw JsonRead.Refuse("InvalidRequestPropertyValue", $"The value '{quota}' is not allowed for property shareQuota: 1 to {most} GiB.");
        }

        foreach (var (name, value) in Object(w.Properties, "metadata") ?? [])
        {
            // They go out as headers.
            if (!MetadataName().IsMatch(name) || Text(value) is not { } text || !FileRequest.IsHeaderText(text))
            {
                throw JsonRead.Refuse("InvalidMetadata", $"Metadata '{name}' must be a letter or '_' followed by letters, digits and '_', and its value printable ASCII.");
            }
        }

        w.Properties["shareQuota"] = quota;
        w.Properties[KeyIn(w.Properties, "accessTier")] ??= "TransactionOptimized";
        w.Properties[KeyIn(w.Properties, "enabledProtocols")] ??= "SMB";
    }

    protected internal override void Written(Writing w, Resource resource)
    {
        var account = Account(resource.Id);
        var quota = Whole(resource.Properties, "shareQuota")!.Value;
        if (!account.Shares.TryGetValue(resource.Name, out var share))
        {
            account.Shares[resource.Name] = share = new FileShare(resource.Name, quota, w.World.Agenda.Now);
        }

        share.QuotaGiB = quota;
        share.ModifiedAt = w.World.Agenda.Now;
        share.Metadata = new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in Object(resource.Properties, "metadata") ?? [])
        {
            share.Metadata[name] = Text(value)!;
        }
    }

    protected internal override void Deleted(ResourceStore store, Resource resource) =>
        accounts.Find(resource.Id.Names[0])?.Shares.Remove(resource.Name);

    protected internal override void Show(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
        var share = Account(resource.Id).Shares[resource.Name];
        json["etag"] = share.ETag;
        var properties = json["properties"]!.AsObject();
        properties["shareQuota"] = share.QuotaGiB;
        properties["lastModifiedTime"] = ScaleSetJson.Time(share.ModifiedAt);
        properties["leaseStatus"] = "unlocked";
        properties["leaseState"] = "available";
        if (r.Query["$expand"].ToString().Contains("stats", StringComparison.OrdinalIgnoreCase))
        {
            properties["shareUsageBytes"] = share.Root.Length;
        }
    }

    /// <summary>What was made or removed through the file service is so here too.</summary>
    protected internal override IEnumerable<Resource> List(ResourceStore store, string scope, ArmRequest r)
    {
        var prefix = StartsWith().Match(r.Query["$filter"].ToString()) is { Success: true } match ? match.Groups[1].Value : "";
        var most = int.TryParse(r.Query["$maxpagesize"].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size > 0 ? size : int.MaxValue;
        return store.OfType(FullName, scope).Where(s => s.Name.StartsWith(prefix, StringComparison.Ordinal)).Take(most);
    }

    /// <summary>Brings resource manager's list up to what the file service has done.</summary>
    public void Reconcile(ResourceStore store, StorageAccount account)
    {
        var service = account.Id.Child("fileServices", "default");
        foreach (var share in account.Shares.Values.Where(s => store.Find(service.Child("shares", s.Name)) is null))
        {
            var model = Writing.Empty();
            model["properties"] = new JsonObject { ["shareQuota"] = share.QuotaGiB, ["accessTier"] = "TransactionOptimized", ["enabledProtocols"] = "SMB" };
            store.Put(new Resource { Id = service.Child("shares", share.Name), Type = this, Model = model, CreatedAt = share.ModifiedAt, ChangedAt = share.ModifiedAt });
        }

        foreach (var gone in store.OfType(FullName, service.Text).Where(r => !account.Shares.ContainsKey(r.Name)).ToList())
        {
            store.Remove(gone.Id);
        }
    }

    private StorageAccount Account(ResourceId share) => accounts.Find(share.Names[0])!;

    [GeneratedRegex(@"^(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]\z")]
    private static partial Regex ShareName();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex MetadataName();

    [GeneratedRegex(@"^startswith\(name,\s*([^)\s]*)\)\z", RegexOptions.IgnoreCase)]
    private static partial Regex StartsWith();
}

/// <summary>Blob containers as resource manager has them. Nothing serves their blobs here.</summary>
internal sealed partial class BlobContainerType() : ResourceType("Microsoft.Storage", "storageAccounts/blobServices/containers")
{
    public override NameRule Names { get; } = new(ContainerName(), "3 to 63 lower-case letters, digits and single hyphens, not at an end");

    public override bool HasState => false;

    protected internal override void Complete(Writing w)
    {
        w.Properties[KeyIn(w.Properties, "publicAccess")] ??= "None";
        w.Properties["hasImmutabilityPolicy"] = false;
        w.Properties["hasLegalHold"] = false;
    }

    protected internal override void Show(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
        json["etag"] = FileEntry.TagOf(resource.ChangedAt, resource.Version);
        var properties = json["properties"]!.AsObject();
        properties["lastModifiedTime"] = ScaleSetJson.Time(resource.ChangedAt);
        properties["leaseStatus"] = "Unlocked";
        properties["leaseState"] = "Available";
    }

    [GeneratedRegex(@"^(?:\$root|\$web|\$logs|(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9])\z")]
    private static partial Regex ContainerName();
}
