using System.IO.Compression;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Ebb.Cli.Provisioning.CloudInit;

/// <summary>What cloud-init does at a machine's first boot, in the order in which it does it.</summary>
internal sealed class CloudConfig
{
    // What the cloud takes as custom data, before it is encoded.
    private const int MostBytes = 65_535;

    private static readonly ISerializer Yaml = new SerializerBuilder()
        .WithNamingConvention(UnderscoredNamingConvention.Instance)
        .ConfigureDefaultValuesHandling(DefaultValuesHandling.OmitNull | DefaultValuesHandling.OmitEmptyCollections)
        .WithQuotingNecessaryStrings()
        .WithIndentedSequences()
        .DisableAliases()
        .WithNewLine("\n")
        .Build();

    public string? Timezone { get; set; }

    public Dictionary<string, string>? Swap { get; set; }

    public Dictionary<string, object>? DiskSetup { get; set; }

    public List<Dictionary<string, object>> FsSetup { get; } = [];

    public List<List<string>> Mounts { get; } = [];

    public bool? SshPwauth { get; set; }

    public bool? DisableRoot { get; set; }

    public bool? PackageUpdate { get; set; }

    public bool? PackageUpgrade { get; set; }

    public bool? PackageRebootIfRequired { get; set; }

    public List<string> Packages { get; } = [];

    public List<WrittenFile> WriteFiles { get; } = [];

    public List<List<string>> Runcmd { get; } = [];

    public void Write(string path, string content, string? permissions = null) =>
        WriteFiles.Add(new WrittenFile(path, content) { Permissions = permissions });

    public void Run(params IEnumerable<string> command) => Runcmd.Add([.. command]);

    public void Shell(string line) => Run("sh", "-c", line);

    public string ToText() => "#cloud-config\n" + Yaml.Serialize(this);

    /// <summary>As the cloud takes it: compressed where it would be too large otherwise, which cloud-init unpacks by itself.</summary>
    /// <exception cref="EbbException">It is too large even so.</exception>
    public static byte[] Encode(string text, string whose)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length <= MostBytes)
        {
            return bytes;
        }

        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            gzip.Write(bytes);
        }

        return packed.Length <= MostBytes
            ? packed.ToArray()
            : throw new EbbException(
                $"What the machines of {whose} are told at their birth has {bytes.Length} bytes, {packed.Length} when compressed, and the cloud takes {MostBytes}. "
                + "Write shorter 'options.commands', or have one of them fetch a script from a share.");
    }
}

internal sealed record WrittenFile(string Path, [property: YamlMember(ScalarStyle = ScalarStyle.Literal)] string Content)
{
    [YamlMember(ScalarStyle = ScalarStyle.DoubleQuoted)]
    public string? Permissions { get; init; }
}
