using System.Collections.Immutable;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Ebb.Cli.ControlPlane.Backups;

/// <summary>
/// A backup as one file: a line that says what it is, with the digest of all that follows; then a compressed tar with the
/// manifest, the snapshot of etcd, and the keys without which the snapshot is of no use.
/// </summary>
internal static class BackupFile
{
    public const string Snapshot = "etcd.snapshot";

    private const string ManifestName = "manifest.json";

    private const string Magic = "ebb-backup";

    private const int Format = 1;

    private const int DigestLength = 64;

    // "ebb-backup 1 DIGEST\n"
    private static readonly int HeadLength = Head(new string('0', DigestLength)).Length;

    /// <summary>Writes it beside and moves it over: whatever happens meanwhile, there is no half of a backup under that name.</summary>
    /// <param name="files">Where each part is read from, by its name.</param>
    public static async Task WriteAsync(
        string path, BackupManifest about, IReadOnlyDictionary<string, string> files, CancellationToken ct)
    {
        var beside = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}.new";
        try
        {
            await using (var file = new FileStream(beside, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                file.Write(Head(new string('0', DigestLength)));
                await PackAsync(file, about, files, ct);
                file.Position = HeadLength;
                var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, ct));
                file.Position = 0;
                file.Write(Head(digest));
                file.Flush(flushToDisk: true);
            }

            File.Move(beside, path, overwrite: true);
        }
        finally
        {
            File.Delete(beside);
        }
    }

    /// <summary>Whether it says that it is a backup, whole or not.</summary>
    public static bool IsOne(string path)
    {
        using var file = File.OpenRead(path);
        var start = new byte[Magic.Length];
        return file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && Encoding.ASCII.GetString(start) == Magic;
    }

    /// <summary>Reads and checks all of it into a directory.</summary>
    /// <exception cref="EbbException">It is no backup, or a damaged one; the message says which.</exception>
    public static async Task<BackupManifest> ReadAsync(string path, string into, CancellationToken ct)
    {
        await using var file = await OpenAsync(path, ct);
        try
        {
            await using var unzipped = new GZipStream(file, CompressionMode.Decompress);
            await using var tar = new TarReader(unzipped);
            var first = await tar.GetNextEntryAsync(copyData: false, ct);
            var manifest = first is { Name: ManifestName, DataStream: { } text }
                ? await JsonSerializer.DeserializeAsync(text, BackupJson.Default.BackupManifest, ct)
                : null;
            if (manifest is null)
            {
                throw new InvalidDataException("it does not begin with its manifest");
            }

            foreach (var part in manifest.Parts)
            {
                var entry = await tar.GetNextEntryAsync(copyData: false, ct);
                if (entry?.Name != part.Name || !Identity.MayHold(part.Name) || entry.DataStream is null)
                {
                    throw new InvalidDataException($"{part.Name} is not in its place");
                }

                await UnpackAsync(entry.DataStream, part, Path.Combine(into, part.Name), ct);
            }

            return manifest;
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or FormatException or EndOfStreamException)
        {
            throw Damaged(path, e.Message, e);
        }
    }

    /// <summary>At the first byte behind the head, when all behind it is as it was written.</summary>
    private static async Task<FileStream> OpenAsync(string path, CancellationToken ct)
    {
        if (Directory.Exists(path) || !File.Exists(path))
        {
            throw new EbbException(Directory.Exists(path) ? $"'{path}' is a directory. Name a file that 'ebb backup' wrote." : $"There is no '{path}'.");
        }

        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            var head = new byte[HeadLength];
            var read = await file.ReadAtLeastAsync(head, HeadLength, throwOnEndOfStream: false, ct);
            var words = Encoding.ASCII.GetString(head, 0, read).Split(' ');
            if (words[0] != Magic)
            {
                throw new EbbException($"'{path}' is no backup. Name a file that 'ebb backup' wrote.");
            }

            if (words is not [_, "1", var rest])
            {
                throw words.Length == 3 && int.TryParse(words[1], out var format) && format != Format
                    ? new EbbException($"'{path}' is a backup of format {format}, and this Ebb reads format {Format}. Use the Ebb that wrote it, or a later one.")
                    : Damaged(path, "its first line is not whole");
            }

            var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, ct));
            if (rest != digest + "\n")
            {
                throw Damaged(path, "its content is not what was written");
            }

            file.Position = HeadLength;
            return file;
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    private static async Task PackAsync(Stream file, BackupManifest about, IReadOnlyDictionary<string, string> files, CancellationToken ct)
    {
        var parts = ImmutableArray.CreateBuilder<BackupPart>();
        foreach (var (name, source) in files)
        {
            await using var content = File.OpenRead(source);
            parts.Add(new BackupPart(name, content.Length, Convert.ToHexStringLower(await SHA256.HashDataAsync(content, ct))));
        }

        await using var zipped = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true);
        await using var tar = new TarWriter(zipped, TarEntryFormat.Pax);
        using var manifest = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(about with { Parts = parts.ToImmutable() }, BackupJson.Default.BackupManifest));
        await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, ManifestName) { DataStream = manifest }, ct);
        foreach (var (name, source) in files)
        {
            await using var content = File.OpenRead(source);
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = content }, ct);
        }
    }

    private static async Task UnpackAsync(Stream content, BackupPart part, string path, CancellationToken ct)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        await content.CopyToAsync(file, ct);
        file.Position = 0;
        if (file.Length != part.Bytes || Convert.ToHexStringLower(await SHA256.HashDataAsync(file, ct)) != part.Sha256)
        {
            throw new InvalidDataException($"{part.Name} is not what was written");
        }
    }

    private static byte[] Head(string digest) => Encoding.ASCII.GetBytes($"{Magic} {Format} {digest}\n");

    private static EbbException Damaged(string path, string how, Exception? inner = null) =>
        new($"'{path}' is damaged: {how}. Nothing was changed. Use another backup.", inner);
}
