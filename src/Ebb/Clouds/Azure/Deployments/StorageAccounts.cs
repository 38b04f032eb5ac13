using System.Net;

namespace Ebb.Clouds.Azure.Deployments;

/// <summary>A storage account's way in to its file shares.</summary>
/// <param name="Files">Base address of its file service.</param>
/// <param name="Key">Base64. Never printed.</param>
public sealed record StorageAccess(string Account, Uri Files, string Key)
{
    public override string ToString() => Account;
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
        var wire = await arm.FindAsync(doing, arm.Address(path, Version), DeploymentJson.Default.WireAccount, ct);
        if (wire is null)
        {
            return null;
        }

        var files = Uri.TryCreate(wire.Properties?.PrimaryEndpoints?.File, UriKind.Absolute, out var uri) && AzureScope.IsSafe(uri)
            ? uri
            : throw new CloudException($"{doing}: it names no address of its file service.");
        return await KeyAsync(group, account, ct) is { } key ? new StorageAccess(account, files, key) : null;
    }

    /// <summary>The first key of an account, which is all that some may read of it; null when it is not there.</summary>
    public async Task<string?> KeyAsync(string group, string account, CancellationToken ct)
    {
        var path = $"{arm.GroupPath(group)}/providers/Microsoft.Storage/storageAccounts/{Uri.EscapeDataString(account)}/listKeys";
        var doing = $"Reading the keys of storage account '{account}'";
        var answer = await arm.RepeatAsync(doing, new ArmCall(HttpMethod.Post, arm.Address(path, Version), ArmFamily.Lists), ct);
        if (answer is ArmAnswer.Refused { Status: HttpStatusCode.NotFound })
        {
            return null;
        }

        var key = answer is ArmAnswer.Ok ok
            ? (ArmConnection.Read(ok, DeploymentJson.Default.WireKeys)?.Keys ?? []).OfType<WireKey>().FirstOrDefault(k => !string.IsNullOrEmpty(k.Value))
            : throw ArmConnection.Failed(doing, answer);
        return key?.Value ?? throw new CloudException($"{doing}: there is none.");
    }
}
