using System.Collections.Immutable;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Ebb.Cli.Clusters;
using Ebb.Sandbox.Cloud;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>What a machine was told at its birth, as far as whoever stands in for it needs it.</summary>
internal static class BirthConfig
{
    private const int MostBytes = 4 << 20;

    /// <summary>A file that cloud-init would write; null when there is none of this path.</summary>
    /// <param name="set">The machine's set: it carries what the machine was made from.</param>
    public static string? File(ScaleSet set, string path)
    {
        if (set.CustomData is not { Length: > 0 } data)
        {
            return null;
        }

        var config = Yaml.ToJson(Text(data));
        return config.TryGetProperty("write_files", out var files) && files.ValueKind is JsonValueKind.Array
            ? files.EnumerateArray().Where(f => f.GetProperty("path").GetString() == path).Select(f => f.GetProperty("content").GetString()).FirstOrDefault()
            : null;
    }

    private static string Text(byte[] bytes)
    {
        // Packed where it would have been too large.
        if (bytes is not [0x1f, 0x8b, ..])
        {
            return Encoding.UTF8.GetString(bytes);
        }

        using var unpacked = new MemoryStream();
        using var gzip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
        var buffer = new byte[64 << 10];
        while (gzip.Read(buffer) is > 0 and var read)
        {
            unpacked.Write(buffer, 0, read);
            if (unpacked.Length > MostBytes)
            {
                throw new InvalidDataException($"What a machine is told at its birth has more than {MostBytes} bytes.");
            }
        }

        return Encoding.UTF8.GetString(unpacked.ToArray());
    }
}

/// <summary>The part of a control-plane machine's configuration that says what it takes from where.</summary>
internal sealed record ControlPlaneBirth(string StorageGroup, string SystemAccount, string Share, ImmutableArray<ControlPlaneFile> Files)
{
    public const string Path = "/etc/ebb/control-plane.json";

    public static ControlPlaneBirth Read(string text)
    {
        using var document = JsonDocument.Parse(text);
        var root = document.RootElement;
        return new ControlPlaneBirth(
            Text(root, "storageGroup"),
            Text(root, "systemAccount"),
            Text(root, "share"),
            [.. root.GetProperty("files").EnumerateArray().Select(f => new ControlPlaneFile(
                Text(f, "from"), Text(f, "to"), f.TryGetProperty("sha256", out var hash) ? hash.GetString() : null))]);
    }

    private static string Text(JsonElement element, string name) =>
        element.GetProperty(name).GetString() ?? throw new JsonException($"'{name}' is null in {Path}.");
}

/// <param name="From">In the share.</param>
/// <param name="To">On the machine.</param>
internal sealed record ControlPlaneFile(string From, string To, string? Sha256);
