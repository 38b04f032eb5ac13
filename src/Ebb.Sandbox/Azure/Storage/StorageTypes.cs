using Ebb.Sandbox.Azure.Resources;

namespace Ebb.Sandbox.Azure.Storage;

/// <summary>All types of the storage provider that this face has.</summary>
internal static class StorageTypes
{
    public static IEnumerable<ResourceType> All(StorageAccounts accounts, FileShareType shares)
    {
        StorageService[] services = [new("fileServices"), new("blobServices")];
        return [new StorageAccountType(accounts, services), .. services, shares, new BlobContainerType()];
    }
}
