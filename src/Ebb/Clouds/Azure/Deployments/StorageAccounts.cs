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
        var asking = $"Reading the keys of storage account '{account}'";
        var answer = await arm.RepeatAsync(asking, new ArmCall(HttpMethod.Post, arm.Address($"{path}/listKeys", Version), ArmFamily.Lists), ct);
        if (answer is ArmAnswer.Refused { Status: HttpStatusCode.NotFound })
        {
            return null;
        }

        var key = answer is ArmAnswer.Ok ok
            ? (ArmConnection.Read(ok, DeploymentJson.Default.WireKeys)?.Keys ?? []).OfType<WireKey>().FirstOrDefault(k => !string.IsNullOrEmpty(k.Value))
            : throw ArmConnection.Failed(asking, answer);
        return new StorageAccess(account, files, key?.Value ?? throw new CloudException($"{asking}: there is none."));
    }
}
