using System.Security.Cryptography;

namespace Ebb.Sandbox.Azure.Storage;

/// <summary>What a request about a file may say; what is wrong with it is a <see cref="FileRefusal"/>.</summary>
internal static class FileChecks
{
    // The largest file: 4 TiB. Nothing of it takes memory before it is written.
    private const long MaxLength = 4L << 40;

    // Until this version what a file is like in Windows had to be said when it is made.
    private const string AttributesOptionalSince = "2021-06-08";
    private const string AttributesSince = "2019-02-02";

    private static readonly string[] Kept = ["Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition", "Cache-Control", "Content-MD5"];

    public static long? Length(FileRequest r) => r.Number("x-ms-content-length") switch
    {
        > MaxLength => throw FileRefusal.InvalidHeader("x-ms-content-length", r.Required("x-ms-content-length")),
        var length => length,
    };

    public static void CheckAttributes(FileRequest r)
    {
        var version = r.Required("x-ms-version");
        if (string.CompareOrdinal(version, AttributesSince) < 0 || string.CompareOrdinal(version, AttributesOptionalSince) >= 0)
        {
            return;
        }

        foreach (var name in (ReadOnlySpan<string>)["x-ms-file-attributes", "x-ms-file-creation-time", "x-ms-file-last-write-time"])
        {
            r.Required(name);
        }

        if (r.Header("x-ms-file-permission") is null && r.Header("x-ms-file-permission-key") is null)
        {
            throw FileRefusal.MissingHeader("x-ms-file-permission");
        }
    }

    public static void CheckQuota(FileShare share, long more)
    {
        if (more > 0 && share.Root.Length + more > (long)share.QuotaGiB << 30)
        {
            throw new FileRefusal(409, "ShareSizeLimitReached", $"The share has a quota of {share.QuotaGiB} GiB, which this would exceed.");
        }
    }

    public static string CheckHash(FileRequest r)
    {
#pragma warning disable CA5351 // The protocol's check of transmission, no protection.
        var hash = Convert.ToBase64String(MD5.HashData(r.Body));
#pragma warning restore CA5351
        return r.Header("Content-MD5") is { } given && given != hash
            ? throw new FileRefusal(400, "Md5Mismatch", "The MD5 value specified in the request did not match with the MD5 value calculated by the server.")
            : hash;
    }

    public static SortedDictionary<string, string> Properties(FileRequest r)
    {
        var properties = new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in Kept)
        {
            if (r.Header($"x-ms-{name.ToLowerInvariant()}") is { } value)
            {
                properties[name] = FileRequest.IsHeaderText(value) ? value : throw FileRefusal.InvalidHeader($"x-ms-{name.ToLowerInvariant()}", value);
            }
        }

        return properties;
    }
}
