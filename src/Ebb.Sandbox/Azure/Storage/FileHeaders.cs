using System.Globalization;

namespace Ebb.Sandbox.Azure.Storage;

/// <summary>What an answer says of a file or a directory in its headers.</summary>
internal static class FileHeaders
{
    public static IEnumerable<(string, string)> Headers(FileEntry entry) =>
    [
        .. Tags(entry),
        ("x-ms-server-encrypted", "true"),
        .. Attributes(entry),
        .. entry.Metadata.Select(m => ($"x-ms-meta-{m.Key}", m.Value)),
    ];

    public static IEnumerable<(string, string)> Tags(FileEntry entry) =>
        [("ETag", entry.ETag), ("Last-Modified", entry.ModifiedAt.UtcDateTime.ToString("R", CultureInfo.InvariantCulture))];

    public static IEnumerable<(string, string)> Attributes(FileEntry entry)
    {
        var changed = entry.ModifiedAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture);
        return
        [
            ("x-ms-file-attributes", entry is FileDirectory ? "Directory" : "Archive"),
            ("x-ms-file-creation-time", entry.CreatedAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture)),
            ("x-ms-file-last-write-time", changed),
            ("x-ms-file-change-time", changed),
        ];
    }
}
