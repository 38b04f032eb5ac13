using System.Globalization;
using System.Xml.Linq;

namespace Ebb.Sandbox.Azure.Storage;

/// <summary>Lists of shares, and of what lies in a directory: pages of XML, each with the marker of the next.</summary>
internal static class FileLists
{
    private const int MaxResults = 5000;

    public static FileReply Shares(FileRequest r, StorageAccount account)
    {
        var (page, next) = Page(r, account.Shares.Values.Where(s => s.Name.StartsWith(Query(r, "prefix"), StringComparison.Ordinal)).ToList(), s => s.Name, StringComparer.Ordinal);
        return Listing(r, next, [], new XElement("Shares", page.Select(s => new XElement(
            "Share",
            new XElement("Name", s.Name),
            new XElement(
                "Properties",
                new XElement("Last-Modified", s.ModifiedAt.UtcDateTime.ToString("R")),
                new XElement("Etag", s.ETag),
                new XElement("Quota", s.QuotaGiB),
                new XElement("AccessTier", "TransactionOptimized"))))));
    }

    public static FileReply Entries(FileRequest r, FileShare share, FileDirectory directory)
    {
        var found = directory.Entries.Values.Where(e => e.Name.StartsWith(Query(r, "prefix"), StringComparison.OrdinalIgnoreCase)).ToList();
        var (page, next) = Page(r, found, e => e.Name, StringComparer.OrdinalIgnoreCase);
        var include = Query(r, "include").ToLowerInvariant().Split(',');
        XAttribute[] where = [new("ShareName", share.Name), new("DirectoryPath", string.Join('/', r.Path))];
        return Listing(r, next, where, new XElement("Entries", page.Select(e => Entry(e, include))));
    }

    private static XElement Entry(FileEntry entry, string[] include)
    {
        var properties = new XElement("Properties");
        if (entry is FileItem)
        {
            properties.Add(new XElement("Content-Length", entry.Length));
        }

        if (include.Contains("timestamps"))
        {
            var changed = entry.ModifiedAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture);
            properties.Add(
                new XElement("CreationTime", entry.CreatedAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture)),
                new XElement("LastAccessTime", changed),
                new XElement("LastWriteTime", changed),
                new XElement("ChangeTime", changed),
                new XElement("Last-Modified", entry.ModifiedAt.UtcDateTime.ToString("R")));
        }

        if (include.Contains("etag"))
        {
            properties.Add(new XElement("Etag", entry.ETag));
        }

        return new XElement(entry is FileDirectory ? "Directory" : "File", new XElement("Name", entry.Name), properties);
    }

    private static FileReply Listing(FileRequest r, string next, XAttribute[] where, XElement items) => FileReply.Xml(200, new XElement(
        "EnumerationResults",
        new XAttribute("ServiceEndpoint", $"{r.Http.Scheme}://{r.Http.Host}/{r.Account}{FileRequest.Suffix}/"),
        where,
        new XElement("Prefix", Query(r, "prefix")),
        new XElement("Marker", Query(r, "marker")),
        new XElement("MaxResults", Size(r)),
        items,
        new XElement("NextMarker", next)));

    /// <summary>What follows the marker, which is the name that the page before left off at.</summary>
    private static (List<T> Page, string Next) Page<T>(FileRequest r, List<T> all, Func<T, string> name, StringComparer order)
    {
        var marker = Query(r, "marker");
        var rest = all.Where(i => order.Compare(name(i), marker) >= 0).ToList();
        var page = rest.Take(Size(r)).ToList();
        return (page, page.Count < rest.Count ? name(rest[page.Count]) : "");
    }

    private static int Size(FileRequest r)
    {
        var text = Query(r, "maxresults");
        return text.Length == 0
            ? MaxResults
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size > 0
                ? Math.Min(size, MaxResults)
                : throw FileRefusal.InvalidQuery("maxresults", text);
    }

    private static string Query(FileRequest r, string name) => FileReply.Clean(r.Http.Query[name].ToString());
}
