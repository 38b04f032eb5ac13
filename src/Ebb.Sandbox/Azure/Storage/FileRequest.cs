using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Ebb.Sandbox.Azure.Storage;

/// <summary>
/// A request of the file service: <c>/{account}.file/{share}/{path}?restype=&amp;comp=</c>, or as in Azure <c>/{share}/{path}</c> at the host
/// <c>{account}.file.core.windows.net</c>, where somebody leads such names here.
/// </summary>
internal sealed partial class FileRequest
{
    /// <summary>Ends the first segment of the path: no other route has such a name, and no account's name has a dot.</summary>
    public const string Suffix = ".file";

    // The longest path, and the deepest, that the service takes.
    private const int MaxPath = 2048;
    private const int MaxDepth = 250;
    private const int MaxName = 255;

    // Of an account's own host, before the rest of the domain.
    private const string HostMark = ".file.core.";

    private FileRequest(HttpRequest http, string encodedPath, string? account)
    {
        Http = http;
        EncodedPath = encodedPath;
        var segments = encodedPath.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).ToArray();
        if (account is null)
        {
            account = segments[0][..^Suffix.Length];
            segments = segments[1..];
        }

        Account = account.ToLowerInvariant();
        Share = segments.FirstOrDefault();

        // Azure's library for Python writes the slashes of a path as "%2F".
        Path = [.. segments.Skip(1).SelectMany(segment => segment.Split('/', StringSplitOptions.RemoveEmptyEntries))];
    }

    public HttpRequest Http { get; }

    public string Method => Http.Method;

    /// <summary>As it stands in the request line.</summary>
    public string EncodedPath { get; }

    public string Account { get; }

    public string? Share { get; }

    /// <summary>From the share's root; empty for the root itself.</summary>
    public string[] Path { get; }

    public string ResourceType => Http.Query["restype"].ToString().ToLowerInvariant();

    public string Component => Http.Query["comp"].ToString().ToLowerInvariant();

    /// <summary>Read already; empty when there is none.</summary>
    public byte[] Body { get; set; } = [];

    public static bool IsOne(HttpRequest http)
    {
        if (AccountOfHost(http) is not null)
        {
            return true;
        }

        var path = http.Path.Value ?? "";
        var end = path.IndexOf('/', Math.Min(1, path.Length));
        return (end < 0 ? path : path[..end]).EndsWith(Suffix, StringComparison.OrdinalIgnoreCase);
    }

    public static FileRequest Of(HttpRequest http)
    {
        // The signature covers the path as it was sent; what the server has decoded cannot tell "%2F" from "/" again.
        var target = http.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        var path = target.Split('?')[0];
        if (AccountOfHost(http) is { } account)
        {
            return new FileRequest(http, path, account);
        }

        var first = Uri.UnescapeDataString(path.Split('/', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? "");

        // What leads to its end by another way, for example "/a/../account.file", is taken as the server resolved it.
        return new FileRequest(http, path.StartsWith('/') && first.EndsWith(Suffix, StringComparison.OrdinalIgnoreCase) ? path : http.Path.ToUriComponent(), null);
    }

    private static string? AccountOfHost(HttpRequest http) =>
        http.Host.Host.IndexOf(HostMark, StringComparison.OrdinalIgnoreCase) is > 0 and var end ? http.Host.Host[..end] : null;

    /// <summary>Whether text can be sent back as a header.</summary>
    public static bool IsHeaderText(string text) => text.All(c => c is >= ' ' and <= '~');

    public string? Header(string name) => Http.Headers[name] is [{ Length: > 0 } value, ..] ? value : null;

    /// <summary>A header that must be there.</summary>
    public string Required(string name) => Header(name) ?? throw FileRefusal.MissingHeader(name);

    /// <summary>A header that is a number, not negative; null when absent.</summary>
    public long? Number(string name)
    {
        var text = Header(name);
        return text is null
            ? null
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw FileRefusal.InvalidHeader(name, text);
    }

    /// <summary>The range asked for, its end included or null when open; null when none is. The service's own header goes first.</summary>
    public (long First, long? Last)? Range()
    {
        var (name, text) = Header("x-ms-range") is { } own ? ("x-ms-range", own) : ("Range", Header("Range"));
        if (text is null)
        {
            return null;
        }

        var match = RangePattern().Match(text);
        if (!match.Success
            || !long.TryParse(match.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var first))
        {
            throw FileRefusal.InvalidHeader(name, text);
        }

        if (match.Groups[2].Value.Length == 0)
        {
            return (first, null);
        }

        return long.TryParse(match.Groups[2].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var last) && last >= first
            ? (first, last)
            : throw FileRefusal.InvalidHeader(name, text);
    }

    public SortedDictionary<string, string> Metadata()
    {
        const string Prefix = "x-ms-meta-";
        var metadata = new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in Http.Headers.Where(h => h.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)))
        {
            if (!IsHeaderText(value.ToString()))
            {
                throw new FileRefusal(400, "InvalidMetadata", "The metadata specified is invalid. It has characters that are not permitted.");
            }

            metadata[name[Prefix.Length..]] = value.ToString();
        }

        return metadata;
    }

    /// <summary>Refuses names that no file or directory may have.</summary>
    public void CheckPath()
    {
        if (Path.Length > MaxDepth || Path.Sum(s => s.Length + 1) > MaxPath || Path.Any(IsBadName))
        {
            throw new FileRefusal(400, "InvalidFileOrDirectoryPathName", "The specified path or name contains invalid characters or is too long.");
        }
    }

    private static bool IsBadName(string name) =>
        name.Length > MaxName || name is "." or ".." || name.Any(c => char.IsControl(c) || c >= '\uFFFE' || "\"\\/:|<>*?".Contains(c, StringComparison.Ordinal));

    [GeneratedRegex(@"^bytes=(\d+)-(\d*)\z")]
    private static partial Regex RangePattern();
}
