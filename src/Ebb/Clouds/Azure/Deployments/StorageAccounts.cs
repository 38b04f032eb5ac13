using System.Collections.Immutable;
using System.Net;
using System.Text.Json;

namespace Ebb.Clouds.Azure.Deployments;

/// <summary>A storage account's way in to its file shares.</summary>
/// <param name="Files">Base address of its file service.</param>
/// <param name="Key">Base64. Never printed.</param>
public sealed record StorageAccess(string Account, Uri Files, string Key)
{
    public override string ToString() => Account;
}

/// <summary>One of an account's two keys, either of which opens all of it.</summary>
/// <param name="Name"><c>key1</c> or <c>key2</c>.</param>
/// <param name="Value">Base64. Never printed.</param>
/// <param name="CreatedAt">Null where the cloud does not say.</param>
public sealed record StorageKey(string Name, string Value, DateTimeOffset? CreatedAt)
{
    public override string ToString() => Name;
}

/// <summary>Storage accounts, as far as setting a cluster up asks for them.</summary>
public sealed class StorageAccounts(ArmConnection arm)
{
    internal const string Version = "2023-01-01";

    /// <summary>Address and key of an account; null when it is not there.</summary>
    public async Task<StorageAccess?> AccessAsync(string group, string account, CancellationToken ct)
    {
        var path = $"{arm.GroupPath(group)}/providers/Microsoft.Storage/storageAccounts/{Uri.EscapeDataString(account)}";
        var doing = $"Reading storage account '{account}'";
        var wire = await FindAsync(doing, path, ct);
        if (wire is null)
        {
            return null;
        }

        var files = Uri.TryCreate(wire.Properties?.PrimaryEndpoints?.File, UriKind.Absolute, out var uri) && AzureScope.IsSafe(uri)
            ? uri
            : throw new CloudException($"{doing}: it names no address of its file service.");
        return await KeyAsync(group, account, ct) is { } key ? new StorageAccess(account, files, key) : null;
    }

    private async Task<WireAccount?> FindAsync(string doing, string path, CancellationToken ct)
    {
        try
        {
            return await arm.FindAsync(doing, arm.Address(path, Version), DeploymentJson.Default.WireAccount, ct);
        }
        catch (CloudException e) when (SubscriptionFacts.IsNotRegistered(e))
        {
            // A subscription that has never used storage has no account.
            return null;
        }
    }

    /// <summary>The first key of an account, which is all that some may read of it; null when it is not there.</summary>
    public async Task<string?> KeyAsync(string group, string account, CancellationToken ct) => (await KeysAsync(group, account, ct))?[0].Value;

    /// <summary>The keys of an account, at least one; null when it is not there.</summary>
    public async Task<ImmutableArray<StorageKey>?> KeysAsync(string group, string account, CancellationToken ct)
    {
        var doing = $"Reading the keys of storage account '{account}'";
        var answer = await arm.RepeatAsync(doing, new ArmCall(HttpMethod.Post, Below(group, account, "listKeys"), ArmFamily.Lists), ct);
        return answer is ArmAnswer.Refused { Status: HttpStatusCode.NotFound } ? null : Read(doing, answer);
    }

    /// <summary>Makes one of an account's keys anew. The one before opens nothing from then on.</summary>
    /// <param name="key">Its name.</param>
    public async Task<ImmutableArray<StorageKey>> RegenerateAsync(string group, string account, string key, CancellationToken ct)
    {
        var doing = $"Making {key} of storage account '{account}' anew";
        var body = JsonSerializer.SerializeToUtf8Bytes(new WireKeyName(key), DeploymentJson.Default.WireKeyName);
        return Read(doing, await arm.RepeatAsync(doing, new ArmCall(HttpMethod.Post, Below(group, account, "regenerateKey"), ArmFamily.Writes, body), ct));
    }

    private Uri Below(string group, string account, string action) =>
        arm.Address($"{arm.GroupPath(group)}/providers/Microsoft.Storage/storageAccounts/{Uri.EscapeDataString(account)}/{action}", Version);

    private static ImmutableArray<StorageKey> Read(string doing, ArmAnswer answer)
    {
        var keys = answer is ArmAnswer.Ok ok ? ArmConnection.Read(ok, DeploymentJson.Default.WireKeys)?.Keys ?? [] : throw ArmConnection.Failed(doing, answer);
        ImmutableArray<StorageKey> named =
            [.. keys.OfType<WireKey>().Where(k => !string.IsNullOrEmpty(k.Value)).Select(k => new StorageKey(k.KeyName ?? "", k.Value!, k.CreationTime))];
        return named.IsEmpty ? throw new CloudException($"{doing}: there is none.") : named;
    }
}
