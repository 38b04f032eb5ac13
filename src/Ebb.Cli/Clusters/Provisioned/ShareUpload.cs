using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>A file for the cluster's own share.</summary>
/// <param name="Path">In the share, with slashes.</param>
/// <param name="Open">Its content; the caller disposes of it.</param>
internal sealed record ShareFile(string Path, Func<Stream> Open)
{
    public static ShareFile OfText(string path, string text) => new(path, () => new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)));

    public static ShareFile OfBytes(string path, byte[] content) => new(path, () => new MemoryStream(content, writable: false));

    public static ShareFile OfFile(string path, string file) => new(path, () => File.OpenRead(file));

    /// <summary>SHA-256 of each, in hexadecimal, by its path in the share.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> HashesAsync(IEnumerable<ShareFile> files, CancellationToken ct)
    {
        var hashes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            await using var content = file.Open();
            hashes[file.Path] = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, ct));
        }

        return hashes;
    }
}

/// <summary>
/// Brings the cluster's own share to the files that it is to hold. A list of them, with their hashes, is in the share too and is
/// written last: what is not in it may be there in part.
/// </summary>
internal sealed class ShareUpload(Ebb.Clouds.Azure.Deployments.FileShare share, Action<ProvisionEvent> tell)
{
    public const string ListPath = "files.json";

    private const int MostList = 1 << 20;

    /// <returns>How many files were written; 0 when all were as wanted.</returns>
    public async Task<int> UploadAsync(IReadOnlyList<ShareFile> files, CancellationToken ct)
    {
        var before = await ListAsync(ct);
        var hashes = await ShareFile.HashesAsync(files, ct);

        // What is about to be written is taken out of the list first: cut short, it must not pass for what it was.
        var kept = before.RemoveRange(hashes.Where(file => before.TryGetValue(file.Key, out var was) && was != file.Value).Select(file => file.Key));
        if (kept.Count < before.Count)
        {
            await WriteListAsync(kept, ct);
        }

        var after = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var written = 0;
        var directories = new HashSet<string>(StringComparer.Ordinal) { "" };
        foreach (var file in files)
        {
            var hash = after[file.Path] = hashes[file.Path];
            if (kept.GetValueOrDefault(file.Path) == hash)
            {
                continue;
            }

            await using var content = file.Open();

            var directory = file.Path.Contains('/', StringComparison.Ordinal) ? file.Path[..file.Path.LastIndexOf('/')] : "";
            if (directories.Add(directory))
            {
                await share.MakeDirectoryAsync(directory, ct);
            }

            if (content.Length > 1 << 20)
            {
                tell(new ProvisionEvent.Note($"Copying {file.Path} ({content.Length >> 20} MiB) ..."));
            }

            await share.WriteAsync(file.Path, content, ct);
            written++;
        }

        if (written > 0 || after.Count != before.Count)
        {
            await WriteListAsync(after.ToImmutable(), ct);
        }

        return written;
    }

    private async Task WriteListAsync(ImmutableSortedDictionary<string, string> files, CancellationToken ct)
    {
        using var list = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(files, ShareJson.Default.ImmutableSortedDictionaryStringString));
        await share.WriteAsync(ListPath, list, ct);
    }

    private async Task<ImmutableSortedDictionary<string, string>> ListAsync(CancellationToken ct)
    {
        var none = ImmutableSortedDictionary<string, string>.Empty;
        if (await share.ReadAsync(ListPath, MostList, ct) is not { } bytes)
        {
            return none;
        }

        try
        {
            return JsonSerializer.Deserialize(bytes, ShareJson.Default.ImmutableSortedDictionaryStringString) ?? none;
        }
        catch (JsonException)
        {
            // Cut short while it was written: then everything is written again.
            return none;
        }
    }
}

[JsonSerializable(typeof(ImmutableSortedDictionary<string, string>))]
internal sealed partial class ShareJson : JsonSerializerContext;
