using System.Globalization;
using System.Xml.Linq;

namespace Ebb.Sandbox.Azure.Storage;

/// <summary>What is asked of an account's list of shares, and of a share as a whole.</summary>
internal static class ShareVerbs
{
    private const int DefaultQuotaGiB = 5120;

    public static FileReply OfService(FileRequest r, StorageAccount account) => (r.Method, r.ResourceType, r.Component) switch
    {
        ("GET", "", "list") => FileLists.Shares(r, account),
        _ => throw Unsupported(),
    };

    /// <summary>Null when the request is about what lies in the share.</summary>
    public static FileReply? Answer(FileRequest r, StorageAccount account, DateTimeOffset now)
    {
        if (r.ResourceType != "share")
        {
            return null;
        }

        if (r.Path.Length > 0)
        {
            throw FileRefusal.InvalidQuery("restype", "share");
        }

        return (r.Method, r.Component) switch
        {
            ("PUT", "") => Create(r, account, now),
            ("GET" or "HEAD", "") => new FileReply(200) { Headers = [.. Headers(Find(r, account))] },
            ("DELETE", "") => Delete(r, account),
            ("PUT", "properties") => SetProperties(r, Find(r, account), now),
            ("PUT", "metadata") => SetMetadata(r, Find(r, account), now),
            ("GET", "stats") => Stats(Find(r, account)),
            _ => throw Unsupported(),
        };
    }

    public static FileShare Find(FileRequest r, StorageAccount account) =>
        account.Shares.GetValueOrDefault(r.Share!) ?? throw FileRefusal.ShareNotFound();

    public static FileRefusal Unsupported() => new(405, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb.");

    private static FileReply Create(FileRequest r, StorageAccount account, DateTimeOffset now)
    {
        if (FileShare.NameProblem(r.Share!) is { } problem)
        {
            throw new FileRefusal(400, "InvalidResourceName", problem);
        }

        var share = new FileShare(r.Share!, Quota(r) ?? DefaultQuotaGiB, now) { Metadata = r.Metadata() };
        if (!account.Shares.TryAdd(share.Name, share))
        {
            throw new FileRefusal(409, "ShareAlreadyExists", "The specified share already exists.");
        }

        return new FileReply(201) { Headers = [.. Tags(share)] };
    }

    private static FileReply Delete(FileRequest r, StorageAccount account)
    {
        account.Shares.Remove(Find(r, account).Name);
        return new FileReply(202);
    }

    private static FileReply SetProperties(FileRequest r, FileShare share, DateTimeOffset now)
    {
        share.QuotaGiB = Quota(r) ?? share.QuotaGiB;
        share.ModifiedAt = now;
        return new FileReply(200) { Headers = [.. Tags(share)] };
    }

    private static FileReply SetMetadata(FileRequest r, FileShare share, DateTimeOffset now)
    {
        share.Metadata = r.Metadata();
        share.ModifiedAt = now;
        return new FileReply(200) { Headers = [.. Tags(share)] };
    }

    private static FileReply Stats(FileShare share) =>
        FileReply.Xml(200, new XElement("ShareStats", new XElement("ShareUsageBytes", share.Root.Length))) with { Headers = [.. Tags(share)] };

    private static int? Quota(FileRequest r) => r.Number("x-ms-share-quota") switch
    {
        null => null,
        var quota and >= 1 and <= 102400 => (int)quota.Value,
        var quota => throw FileRefusal.InvalidHeader("x-ms-share-quota", $"{quota}"),
    };

    private static IEnumerable<(string, string)> Headers(FileShare share) =>
    [
        .. Tags(share),
        ("x-ms-share-quota", share.QuotaGiB.ToString(CultureInfo.InvariantCulture)),
        ("x-ms-access-tier", "TransactionOptimized"),
        ("x-ms-lease-status", "unlocked"),
        ("x-ms-lease-state", "available"),
        .. share.Metadata.Select(m => ($"x-ms-meta-{m.Key}", m.Value)),
    ];

    private static IEnumerable<(string, string)> Tags(FileShare share) =>
        [("ETag", share.ETag), ("Last-Modified", share.ModifiedAt.UtcDateTime.ToString("R"))];
}
