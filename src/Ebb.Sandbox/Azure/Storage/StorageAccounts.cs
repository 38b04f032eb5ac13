using System.Security.Cryptography;
using System.Text;
using Ebb.Sandbox.Azure.Resources;

namespace Ebb.Sandbox.Azure.Storage;

/// <summary>
/// What lies behind the storage accounts of all subscriptions, by their global names: keys, shares, files. Guarded by the
/// world's gate, as everything that routes answer from.
/// </summary>
internal sealed class StorageAccounts
{
    /// <summary>Most memory that the files of all accounts may take: 2 GiB.</summary>
    public const long Room = 2L << 30;

    private readonly SortedDictionary<string, StorageAccount> _accounts = new(StringComparer.Ordinal);

    public StorageAccount? Find(string name) => _accounts.GetValueOrDefault(name);

    public void Add(StorageAccount account) => _accounts.Add(account.Name, account);

    public void Remove(string name) => _accounts.Remove(name);

    /// <summary>Whether files may take so much more memory.</summary>
    public bool HasRoom(long more) => _accounts.Values.Sum(a => a.Shares.Values.Sum(s => s.Root.Used)) + more <= Room;

    /// <summary>Why a name cannot be one of an account; null when it can.</summary>
    public static string? NameProblem(string name) => name.Length is >= 3 and <= 24 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c))
        ? null
        : $"{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only.";
}

/// <summary>One account: its keys and its shares.</summary>
/// <param name="seed">What its keys follow from, so that a seed gives the same run.</param>
internal sealed class StorageAccount(string name, ResourceId id, int seed, DateTimeOffset now)
{
    private int _generation;

    public string Name { get; } = name;

    public ResourceId Id { get; } = id;

    public StorageKey[] Keys { get; } = [new("key1", Derive(name, seed, "key1", 0), now), new("key2", Derive(name, seed, "key2", 0), now)];

    public SortedDictionary<string, FileShare> Shares { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether requests over plain HTTP are refused.</summary>
    public bool HttpsOnly { get; set; } = true;

    /// <summary>Whether its keys open it.</summary>
    public bool SharedKeyAccess { get; set; } = true;

    /// <summary>Whether its shares may have up to 100 TiB instead of 5.</summary>
    public bool LargeShares { get; set; }

    public StorageKey? Regenerate(string key, DateTimeOffset now)
    {
        var at = Array.FindIndex(Keys, k => k.Name.Equals(key, StringComparison.OrdinalIgnoreCase));
        return at < 0 ? null : Keys[at] = new StorageKey(Keys[at].Name, Derive(Name, seed, Keys[at].Name, ++_generation), now);
    }

    private static byte[] Derive(string account, int seed, string key, int generation) =>
        SHA512.HashData(Encoding.UTF8.GetBytes($"storage:{seed}:{account}:{key}:{generation}"));
}

/// <param name="Value">64 bytes.</param>
internal sealed record StorageKey(string Name, byte[] Value, DateTimeOffset CreatedAt)
{
    public override string ToString() => $"StorageKey {{ Name = {Name} }}";
}
