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

    public static ShareFile OfFile(string path, string file) => new(path, () => File.OpenRead(file));
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
        var after = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var written = 0;
        var directories = new HashSet<string>(StringComparer.Ordinal) { "" };
        foreach (var file in files)
        {
            await using var content = file.Open();
            var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, ct));
            after[file.Path] = hash;
            if (before.GetValueOrDefault(file.Path) == hash)
            {
                continue;
            }

            var directory = file.Path.Contains('/', StringComparison.Ordinal) ? file.Path[..file.Path.LastIndexOf('/')] : "";
            if (directories.Add(directory))
            {
                await share.MakeDirectoryAsync(directory, ct);
            }

            if (content.Length > 1 << 20)
            {
                tell(new ProvisionEvent.Note($"Copying {file.Path} ({content.Length >> 20} MiB) ..."));
            }

            content.Position = 0;
            await share.WriteAsync(file.Path, content, ct);
            written++;
        }

        if (written > 0 || after.Count != before.Count)
        {
            using var list = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(after.ToImmutable(), ShareJson.Default.ImmutableSortedDictionaryStringString));
            await share.WriteAsync(ListPath, list, ct);
        }

        return written;
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
