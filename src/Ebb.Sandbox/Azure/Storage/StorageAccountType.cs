using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Storage;

/// <summary>Storage accounts as resource manager has them: names that the whole world shares, keys, endpoints.</summary>
internal sealed class StorageAccountType(StorageAccounts accounts, StorageService[] services) : ResourceType("Microsoft.Storage", "storageAccounts")
{
    private const int MaxAccounts = 250;

    private static readonly string[] Services = ["blob", "queue", "table", "file", "dfs", "web"];

    private static readonly string[] Kinds = ["Storage", "StorageV2", "BlobStorage", "FileStorage", "BlockBlobStorage"];

    private static readonly string[] Skus =
        ["Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS", "Premium_LRS", "Premium_ZRS"];

    // The provider has errors of its own for bad names.
    public override NameRule Names => NameRule.Any;

    // Its clients refuse 201.
    public override int CreatedStatus => 200;

    public override ImmutableArray<string> ApiVersions => ["2025-01-01", "2023-01-01", "2022-09-01", "2019-06-01", "2018-02-01"];

    protected internal override Latency? WriteTakes(Writing w) => w.Old is null ? w.World.Options.Accept : null;

    protected internal override void Complete(Writing w)
    {
        if (w.Old is null)
        {
            CheckNew(w);
        }

        var kind = Choice(OptionalText(w.Model, "kind") ?? throw Required("kind"), "kind", Kinds);
        var sku = Choice(OptionalText(Object(w.Model, "sku"), "name") ?? throw Required("sku"), "sku.name", Skus);
        var premium = sku.StartsWith("Premium", StringComparison.Ordinal);
        if (kind is "FileStorage" or "BlockBlobStorage" && !premium)
        {
            throw JsonRead.Refuse("InvalidRequestPropertyValue", $"The value '{sku}' is not allowed for property sku.name of an account of kind {kind}: it needs a premium one.");
        }

        w.Model["kind"] = kind;
        w.Model["sku"] = new JsonObject { ["name"] = sku, ["tier"] = premium ? "Premium" : "Standard" };
        var p = w.Properties;
        foreach (var shown in (ReadOnlySpan<string>)
            ["creationTime", "primaryLocation", "statusOfPrimary", "primaryEndpoints", "keyCreationTime", "provisioningState"])
        {
            p.Remove(shown);
        }

        if (kind is "StorageV2" or "BlobStorage" && !premium)
        {
            p[KeyIn(p, "accessTier")] ??= "Hot";
        }

        p["supportsHttpsTrafficOnly"] = Bool(p, "supportsHttpsTrafficOnly") ?? true;
        p[KeyIn(p, "minimumTlsVersion")] ??= "TLS1_0";
        p["allowBlobPublicAccess"] = Bool(p, "allowBlobPublicAccess") ?? false;
        if (Bool(p, "allowSharedKeyAccess") is { } keys)
        {
            p["allowSharedKeyAccess"] = keys;
        }

        _ = OptionalText(p, "largeFileSharesState");
        p[KeyIn(p, "networkAcls")] ??= new JsonObject
        {
            ["bypass"] = "AzureServices",
            ["virtualNetworkRules"] = new JsonArray(),
            ["ipRules"] = new JsonArray(),
            ["defaultAction"] = "Allow",
        };
        p[KeyIn(p, "encryption")] ??= new JsonObject
        {
            ["services"] = new JsonObject
            {
                ["file"] = new JsonObject { ["keyType"] = "Account", ["enabled"] = true },
                ["blob"] = new JsonObject { ["keyType"] = "Account", ["enabled"] = true },
            },
            ["keySource"] = "Microsoft.Storage",
        };
        p[KeyIn(p, "privateEndpointConnections")] ??= new JsonArray();
    }

    protected internal override void Written(Writing w, Resource resource)
    {
        var account = accounts.Find(resource.Name);
        if (account is null)
        {
            account = new StorageAccount(resource.Name, resource.Id, w.World.Options.Seed, w.World.Agenda.Now);
            accounts.Add(account);
            foreach (var service in services)
            {
                w.Store.Put(service.Default(resource));
            }
        }

        account.HttpsOnly = Bool(resource.Properties, "supportsHttpsTrafficOnly") ?? true;
        account.SharedKeyAccess = Bool(resource.Properties, "allowSharedKeyAccess") ?? true;
        account.LargeShares = OptionalText(resource.Properties, "largeFileSharesState") is { } state && Is(state, "Enabled");
    }

    protected internal override void Deleted(ResourceStore store, Resource resource) => accounts.Remove(resource.Name);

    protected internal override void Show(ResourceStore store, Resource resource, JsonObject json, ArmRequest r)
    {
        var properties = json["properties"]!.AsObject();
        properties["creationTime"] = ScaleSetJson.Time(resource.CreatedAt);
        properties["primaryLocation"] = resource.Location;
        properties["statusOfPrimary"] = "available";
        properties["primaryEndpoints"] = new JsonObject(Services.Select(service => KeyValuePair.Create(service, (JsonNode?)$"{r.BaseUrl}/{resource.Name}.{service}/")));
        if (accounts.Find(resource.Name) is { } account)
        {
            properties["keyCreationTime"] = new JsonObject(account.Keys.Select(k => KeyValuePair.Create(k.Name, (JsonNode?)ScaleSetJson.Time(k.CreatedAt))));
        }
    }

    protected internal override ArmReply? Below(ResourceStore store, Resource resource, string part, ArmRequest r) => (r.Method, part) switch
    {
        ("POST", "listkeys") => new ArmReply(200, Keys(accounts.Find(resource.Name)!)),
        ("POST", "regeneratekey") => Regenerate(store, accounts.Find(resource.Name)!, r),
        _ => null,
    };

    protected internal override ArmReply? Elsewhere(ResourceStore store, ArmRequest r) => (r.Method, r.Lower) switch
    {
        ("POST", ["subscriptions", _, "providers", "microsoft.storage", "checknameavailability"]) => ArmReply.From(
            store.World.Serve<JsonObject>(CallKind.GetResource, null, FullName, () => CheckName(store, OptionalText(r.Body as JsonObject, "name") ?? throw Required("name"))),
            json => new ArmReply(200, json)),
        ("GET", ["subscriptions", _, "providers", "microsoft.storage", "locations", _, "usages"]) => ArmReply.From(
            store.World.Serve<JsonObject>(CallKind.GetResource, null, FullName, () => Usages(store)), json => new ArmReply(200, json)),
        _ => null,
    };

    private void CheckNew(Writing w)
    {
        var name = w.Id.Name;
        if (StorageAccounts.NameProblem(name) is { } problem)
        {
            throw JsonRead.Refuse("AccountNameInvalid", problem);
        }

        if (w.Store.OfType(FullName).FirstOrDefault(a => a.Name == name) is not null)
        {
            throw new ModelException(new CloudError(409, "StorageAccountInAnotherResourceGroup", $"The account {name} is already in another resource group in this subscription."));
        }

        if (w.Store.Options.TakenNames.Contains(name))
        {
            throw new ModelException(new CloudError(409, "StorageAccountAlreadyTaken", $"The storage account named {name} is already taken."));
        }

        var limit = w.World.Options.Quotas.GetValueOrDefault("StorageAccounts", MaxAccounts);
        if (w.Store.OfType(FullName).Count() >= limit)
        {
            throw new ModelException(new CloudError(409, "MaxStorageAccountsCountPerSubscriptionExceeded", $"Subscription already contains {limit} storage accounts in location {w.World.Options.Location} and the maximum allowed is {limit}."));
        }
    }

    private JsonObject CheckName(ResourceStore store, string name)
    {
        if (StorageAccounts.NameProblem(name) is { } problem)
        {
            return new JsonObject { ["nameAvailable"] = false, ["reason"] = "AccountNameInvalid", ["message"] = problem };
        }

        return store.Options.TakenNames.Contains(name) || store.OfType(FullName).Any(a => a.Name == name)
            ? new JsonObject { ["nameAvailable"] = false, ["reason"] = "AlreadyExists", ["message"] = $"The storage account named {name} is already taken." }
            : new JsonObject { ["nameAvailable"] = true };
    }

    private JsonObject Usages(ResourceStore store) => ScaleSetRoutes.Value([new JsonObject
    {
        ["unit"] = "Count",
        ["currentValue"] = store.OfType(FullName).Count(),
        ["limit"] = store.World.Options.Quotas.GetValueOrDefault("StorageAccounts", MaxAccounts),
        ["name"] = new JsonObject { ["value"] = "StorageAccounts", ["localizedValue"] = "Storage Accounts" },
    }]);

    private static ArmReply Regenerate(ResourceStore store, StorageAccount account, ArmRequest r)
    {
        var name = OptionalText(r.Body as JsonObject, "keyName") ?? throw Required("keyName");
        return account.Regenerate(name, store.World.Agenda.Now) is null
            ? ArmReply.Error(400, "InvalidRequestPropertyValue", $"The value '{name}' is not allowed for property keyName. Allowed values are 'key1', 'key2'.")
            : new ArmReply(200, Keys(account));
    }

    private static JsonObject Keys(StorageAccount account) => new()
    {
        ["keys"] = new JsonArray([.. account.Keys.Select(k => (JsonNode)new JsonObject
        {
            ["creationTime"] = ScaleSetJson.Time(k.CreatedAt),
            ["keyName"] = k.Name,
            ["value"] = Convert.ToBase64String(k.Value),
            ["permissions"] = "FULL",
        })]),
    };

    private static string Choice(string text, string name, string[] allowed) => Array.Find(allowed, a => Is(text, a))
        ?? throw Invalid(name, $"The value '{text}' of parameter '{name}' is not valid. Allowed values are '{string.Join("', '", allowed)}'.");
}

/// <summary>A service of an account: there is one of each kind, named default.</summary>
internal sealed class StorageService(string name) : ResourceType("Microsoft.Storage", $"storageAccounts/{name}")
{
    public override bool HasState => false;

    protected internal override void Complete(Writing w)
    {
        if (w.Old is null)
        {
            throw JsonRead.Refuse("InvalidResourceName", $"The only {name} of a storage account is named default.");
        }
    }

    protected internal override CloudError? Refuse(ResourceStore store, Resource resource, IReadOnlyList<string> users) =>
        new(405, "MethodNotAllowed", $"The {name} of a storage account cannot be deleted.");

    public Resource Default(Resource account)
    {
        var model = Writing.Empty();
        model["properties"] = Writing.Empty();
        return new Resource { Id = account.Id.Child(name, "default"), Type = this, Model = model, CreatedAt = account.CreatedAt, ChangedAt = account.CreatedAt };
    }
}
