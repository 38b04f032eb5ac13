using System.IO.Compression;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ebb.Cli.Sandboxes;

/// <summary>Does of a machine's custom data what cloud-init does, as far as whoever stands in for the machine needs it: finds its files.</summary>
internal static class BirthConfig
{
    private const string Header = "#cloud-config";

    // The cloud takes 64 KiB; this is what they may be when they are unpacked.
    private const int MostBytes = 4 << 20;

    /// <summary>A file's content; null when none of this path would be written, or nothing that cloud-init would understand is there.</summary>
    /// <exception cref="EbbException">It cannot be unpacked.</exception>
    public static byte[]? File(byte[] customData, string path)
    {
        try
        {
            var text = Encoding.UTF8.GetString(Unpack(customData));
            if (!text.StartsWith(Header, StringComparison.Ordinal))
            {
                return null;
            }

            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return stream.Documents is [{ RootNode: YamlMappingNode root }, ..]
                && Child(root, "write_files") is YamlSequenceNode files
                && files.Children.OfType<YamlMappingNode>().LastOrDefault(file => Scalar(file, "path") == path) is { } found
                ? Content(found)
                : null;
        }
        catch (YamlException)
        {
            // cloud-init passes it over with a warning, and the machine has none of it.
            return null;
        }
        catch (Exception e) when (e is FormatException or InvalidDataException)
        {
            throw new EbbException($"What the machine was told at its birth cannot be unpacked: {e.Message}", e);
        }
    }

    private static byte[] Content(YamlMappingNode file)
    {
        var content = Scalar(file, "content") ?? "";
        return Scalar(file, "encoding") switch
        {
            "b64" or "base64" => Convert.FromBase64String(content),
            "gz+b64" or "gz+base64" or "gzip+b64" or "gzip+base64" => Unpack(Convert.FromBase64String(content)),
            _ => Encoding.UTF8.GetBytes(content),
        };
    }

    private static byte[] Unpack(byte[] data)
    {
        // Packed where it would have been too large.
        if (data is not [0x1f, 0x8b, ..])
        {
            return data;
        }

        using var packed = new GZipStream(new MemoryStream(data), CompressionMode.Decompress);
        using var whole = new MemoryStream();
        var buffer = new byte[16 << 10];
        while (packed.Read(buffer) is var read and > 0)
        {
            whole.Write(buffer, 0, read);
            if (whole.Length > MostBytes)
            {
                throw new InvalidDataException($"it has more than {MostBytes} bytes.");
            }
        }

        return whole.ToArray();
    }

    private static YamlNode? Child(YamlMappingNode node, string name) => node.Children.TryGetValue(new YamlScalarNode(name), out var child) ? child : null;

    private static string? Scalar(YamlMappingNode node, string name) => (Child(node, name) as YamlScalarNode)?.Value;
}
