using System.Security.Cryptography;
using static Ebb.Sandbox.Azure.Storage.FileChecks;
using static Ebb.Sandbox.Azure.Storage.FileHeaders;

namespace Ebb.Sandbox.Azure.Storage;

/// <summary>What is asked of files and directories.</summary>
internal sealed class FileVerbs(StorageAccounts accounts)
{
    // The largest range whose hash the server makes on the way out.
    private const long MaxHashed = 4 << 20;

    public FileReply Answer(FileRequest r, StorageAccount account, DateTimeOffset now)
    {
        r.CheckPath();
        var share = ShareVerbs.Find(r, account);
        return (r.Method, r.ResourceType, r.Component) switch
        {
            ("PUT", "directory", "") => CreateDirectory(r, share, now),
            ("GET" or "HEAD", "directory", "") => new FileReply(200) { Headers = [.. Headers(Directory(r, share))] },
            ("GET", "directory", "list") => FileLists.Entries(r, share, Directory(r, share)),
            ("DELETE", "directory", "") => DeleteDirectory(r, share, now),
            ("PUT", "directory", "metadata") => SetMetadata(r, Directory(r, share), now),
            ("PUT", "", "") => CreateFile(r, share, now),
            ("GET" or "HEAD", "", "") => Get(r, File(r, share)),
            ("DELETE", "", "") => DeleteFile(r, share, now),
            ("PUT", "", "range") => PutRange(r, File(r, share), now),
            ("PUT", "", "properties") => SetProperties(r, share, File(r, share), now),
            ("PUT", "", "metadata") => SetMetadata(r, File(r, share), now),
            _ => throw ShareVerbs.Unsupported(),
        };
    }

    private static FileReply CreateDirectory(FileRequest r, FileShare share, DateTimeOffset now)
    {
        CheckAttributes(r);
        var (parent, name) = Parent(r, share);
        switch (parent.Entries.GetValueOrDefault(name))
        {
            case FileDirectory:
                throw FileRefusal.Exists();
            case not null:
                throw FileRefusal.WrongType();
        }

        var made = new FileDirectory(name, now) { Metadata = r.Metadata() };
        parent.Entries.Add(name, made);
        parent.Touch(now);
        return Created(made);
    }

    private static FileReply DeleteDirectory(FileRequest r, FileShare share, DateTimeOffset now)
    {
        var directory = Directory(r, share);
        if (directory.Entries.Count > 0)
        {
            throw new FileRefusal(409, "DirectoryNotEmpty", "The specified directory is not empty.");
        }

        var (parent, name) = Parent(r, share);
        parent.Entries.Remove(name);
        parent.Touch(now);
        return new FileReply(202);
    }

    private static FileReply CreateFile(FileRequest r, FileShare share, DateTimeOffset now)
    {
        var type = r.Required("x-ms-type");
        if (!type.Equals("file", StringComparison.OrdinalIgnoreCase))
        {
            throw FileRefusal.InvalidHeader("x-ms-type", type);
        }

        CheckAttributes(r);
        var length = Length(r) ?? throw FileRefusal.MissingHeader("x-ms-content-length");
        if (r.Body.Length > 0)
        {
            throw FileRefusal.InvalidHeader("Content-Length", $"{r.Body.Length}");
        }

        var (parent, name) = Parent(r, share);
        var before = parent.Entries.GetValueOrDefault(name);
        if (before is FileDirectory)
        {
            throw FileRefusal.WrongType();
        }

        CheckQuota(share, length - (before?.Length ?? 0));
        var file = new FileItem(name, length, now) { Metadata = r.Metadata(), Properties = Properties(r) };
        parent.Entries[name] = file;
        parent.Touch(now);
        return Created(file);
    }

    private static FileReply DeleteFile(FileRequest r, FileShare share, DateTimeOffset now)
    {
        File(r, share);
        var (parent, name) = Parent(r, share);
        parent.Entries.Remove(name);
        parent.Touch(now);
        return new FileReply(202);
    }

    private static FileReply Get(FileRequest r, FileItem file)
    {
        IEnumerable<(string Name, string Value)> headers =
        [
            .. Headers(file),
            ("x-ms-type", "File"),
            ("Accept-Ranges", "bytes"),
            .. file.Properties.Where(p => p.Key != "Content-Type").Select(p => (p.Key, p.Value)),
        ];
        var type = file.Properties.GetValueOrDefault("Content-Type", "application/octet-stream");
        if (r.Method == "HEAD" || r.Range() is not { } range)
        {
            return new FileReply(200) { Headers = [.. headers], ContentType = type, Part = (file.Content, 0, file.Length) };
        }

        if (range.First >= file.Length)
        {
            throw FileRefusal.InvalidRange();
        }

        var last = Math.Min(range.Last ?? long.MaxValue, file.Length - 1);
        var count = last - range.First + 1;

        // The whole file's hash goes under another name: Content-MD5 is that of what is sent.
        headers = headers.Select(h => h.Name == "Content-MD5" ? ("x-ms-content-md5", h.Value) : h)
            .Append(("Content-Range", $"bytes {range.First}-{last}/{file.Length}"));
        if (r.Header("x-ms-range-get-content-md5") is { } hash && hash.Equals("true", StringComparison.OrdinalIgnoreCase))
        {
            headers = headers.Append(("Content-MD5", count <= MaxHashed ? Hash(file, range.First, (int)count) : throw FileRefusal.InvalidHeader("x-ms-range-get-content-md5", hash)));
        }

        return new FileReply(206) { Headers = [.. headers], ContentType = type, Part = (file.Content, range.First, count) };
    }

    private FileReply PutRange(FileRequest r, FileItem file, DateTimeOffset now)
    {
        var what = r.Required("x-ms-write").ToLowerInvariant();
        var (first, end) = r.Range() ?? throw FileRefusal.MissingHeader("Range");
        var last = end ?? throw FileRefusal.InvalidHeader("Range", $"bytes={first}-");
        if (last >= file.Length)
        {
            throw FileRefusal.InvalidRange();
        }

        var count = last - first + 1;
        (string, string)[] hash = [];
        switch (what)
        {
            case "update" when r.Body.Length == count:
                hash = [("Content-MD5", CheckHash(r))];
                CheckRoom(file.Content.Cost(first, count));
                file.Content.Write(first, r.Body);
                break;
            case "clear" when r.Body.Length == 0:
                file.Content.Clear(first, count);
                break;
            case "update" or "clear":
                throw FileRefusal.InvalidHeader("Content-Length", $"{r.Body.Length}");
            default:
                throw FileRefusal.InvalidHeader("x-ms-write", what);
        }

        file.Touch(now);
        return new FileReply(201) { Headers = [.. Tags(file), .. hash, ("x-ms-request-server-encrypted", "true")] };
    }

    private static FileReply SetProperties(FileRequest r, FileShare share, FileItem file, DateTimeOffset now)
    {
        if (Length(r) is { } length)
        {
            CheckQuota(share, length - file.Length);
            file.Content.Resize(length);
        }

        file.Properties = Properties(r);
        file.Touch(now);
        return new FileReply(200) { Headers = [.. Tags(file), ("x-ms-request-server-encrypted", "true"), .. Attributes(file)] };
    }

    private static FileReply SetMetadata(FileRequest r, FileEntry entry, DateTimeOffset now)
    {
        entry.Metadata = r.Metadata();
        entry.Touch(now);
        return new FileReply(200) { Headers = [.. Tags(entry), ("x-ms-request-server-encrypted", "true")] };
    }

    private static FileReply Created(FileEntry entry) =>
        new(201) { Headers = [.. Tags(entry), ("x-ms-request-server-encrypted", "true"), .. Attributes(entry)] };

    private static FileDirectory Directory(FileRequest r, FileShare share) =>
        Entry(share, r.Path) is FileDirectory directory ? directory : throw FileRefusal.NotFound();

    private static FileItem File(FileRequest r, FileShare share) =>
        Entry(share, r.Path) is FileItem file ? file : throw FileRefusal.NotFound();

    private static FileEntry? Entry(FileShare share, ReadOnlySpan<string> path)
    {
        FileEntry? entry = share.Root;
        foreach (var name in path)
        {
            entry = (entry as FileDirectory)?.Entries.GetValueOrDefault(name);
        }

        return entry;
    }

    /// <summary>The directory in which what is asked for lies or will lie, and its name there.</summary>
    private static (FileDirectory Directory, string Name) Parent(FileRequest r, FileShare share)
    {
        if (r.Path.Length == 0)
        {
            throw new FileRefusal(400, "InvalidUri", "The requested URI does not represent any resource on the server.");
        }

        return Entry(share, r.Path.AsSpan(..^1)) is FileDirectory parent ? (parent, r.Path[^1]) : throw FileRefusal.ParentNotFound();
    }

    private void CheckRoom(long more)
    {
        if (!accounts.HasRoom(more))
        {
            throw new FileRefusal(409, "ShareSizeLimitReached", $"The files of this sandbox may take {StorageAccounts.Room >> 30} GiB of memory, which this would exceed.");
        }
    }

    private static string Hash(FileItem file, long offset, int count)
    {
        var bytes = new byte[count];
        file.Content.Read(offset, bytes);
#pragma warning disable CA5351 // As above.
        return Convert.ToBase64String(MD5.HashData(bytes));
#pragma warning restore CA5351
    }
}
