using System.IO.Compression;
using System.Text;
using Ebb.Joining;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ebb.Cli.Sandboxes.Joining;

/// <summary>Does of a machine's custom data what cloud-init does for the agent: finds the file with its configuration.</summary>
internal static class AgentFile
{
    private const string Header = "#cloud-config";

    // What the cloud takes, and what that may be when it is unpacked.
    private const int MostBytes = 1 << 20;

    /// <summary>Null when the custom data holds none, or is none that cloud-init would understand.</summary>
    /// <exception cref="EbbException">It holds one that the agent refuses.</exception>
    public static AgentConfiguration? In(byte[] customData)
    {
        var text = Encoding.UTF8.GetString(Unpack(customData));
        if (!text.StartsWith(Header, StringComparison.Ordinal))
        {
            return null;
        }

        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException)
        {
            // cloud-init passes it over with a warning, and the machine never joins.
            return null;
        }

        return stream.Documents is [{ RootNode: YamlMappingNode root }, ..]
            && Child(root, "write_files") is YamlSequenceNode files
            && files.Children.OfType<YamlMappingNode>().LastOrDefault(file => Scalar(file, "path") == AgentConfiguration.Path) is { } found
            ? AgentConfiguration.Parse(Content(found), AgentConfiguration.Path)
            : null;
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
        if (data is not [0x1f, 0x8b, ..])
        {
            return data;
        }

        using var packed = new GZipStream(new MemoryStream(data), CompressionMode.Decompress);
        using var whole = new MemoryStream();
        var buffer = new byte[16 << 10];
        while (packed.Read(buffer) is var read and > 0 && whole.Length < MostBytes)
        {
            whole.Write(buffer, 0, read);
        }

        return whole.ToArray();
    }

    private static YamlNode? Child(YamlMappingNode node, string name) => node.Children.TryGetValue(new YamlScalarNode(name), out var child) ? child : null;

    private static string? Scalar(YamlMappingNode node, string name) => (Child(node, name) as YamlScalarNode)?.Value;
}
