namespace Ebb.Sandbox.Azure.Storage;

/// <summary>A share of an account and the tree of what lies in it.</summary>
internal sealed class FileShare(string name, int quotaGiB, DateTimeOffset now)
{
    public string Name { get; } = name;

    /// <summary>Most GiB that its files may have together.</summary>
    public int QuotaGiB { get; set; } = quotaGiB;

    public SortedDictionary<string, string> Metadata { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    public DateTimeOffset ModifiedAt { get; set; } = now;

    public FileDirectory Root { get; } = new("", now);

    public string ETag => FileEntry.TagOf(ModifiedAt, 0);

    /// <summary>Why a name cannot be one of a share; null when it can.</summary>
    public static string? NameProblem(string name) =>
        name.Length is >= 3 and <= 63
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
        && name[0] != '-' && name[^1] != '-' && !name.Contains("--", StringComparison.Ordinal)
            ? null
            : "The specified resource name contains invalid characters: 3 to 63 lower-case letters, digits and single hyphens, not at an end.";
}

/// <summary>What lies in a directory: a file or a directory. Names differ by more than case.</summary>
internal abstract class FileEntry(string name, DateTimeOffset now)
{
    private long _version;

    public string Name { get; } = name;

    public DateTimeOffset CreatedAt { get; } = now;

    public DateTimeOffset ModifiedAt { get; private set; } = now;

    public SortedDictionary<string, string> Metadata { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    public string ETag => TagOf(ModifiedAt, _version);

    /// <summary>Bytes of memory that it takes with all that lies in it.</summary>
    public abstract long Used { get; }

    /// <summary>Bytes that it counts for in its share's quota.</summary>
    public abstract long Length { get; }

    public void Touch(DateTimeOffset at)
    {
        ModifiedAt = at;
        _version++;
    }

    public static string TagOf(DateTimeOffset at, long version) => $"\"0x{at.UtcTicks + version:X16}\"";
}

internal sealed class FileDirectory(string name, DateTimeOffset now) : FileEntry(name, now)
{
    public SortedDictionary<string, FileEntry> Entries { get; } = new(StringComparer.OrdinalIgnoreCase);

    public override long Used => Entries.Values.Sum(e => e.Used);

    public override long Length => Entries.Values.Sum(e => e.Length);
}

internal sealed class FileItem(string name, long length, DateTimeOffset now) : FileEntry(name, now)
{
    public FileContent Content { get; } = new(length);

    /// <summary>The headers that its reader gets back as its writer set them, by the names of the answer's headers.</summary>
    public SortedDictionary<string, string> Properties { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    public override long Used => Content.Used;

    public override long Length => Content.Length;
}
