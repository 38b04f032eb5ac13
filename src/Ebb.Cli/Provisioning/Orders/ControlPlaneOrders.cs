using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning.CloudInit;
using Ebb.Cli.Provisioning.Templates;

namespace Ebb.Cli.Provisioning.Orders;

/// <summary>
/// What every control-plane machine of a cluster is to be: the content of <see cref="SystemShare.Wanted"/>. Made of the very
/// cloud-config that such a machine is born with, so that one that runs and one that is made anew end up the same. Holds no secret.
/// </summary>
internal sealed record ControlPlaneOrders
{
    /// <summary>Far more than a cluster's texts have; machines refuse more too.</summary>
    public const int MostBytes = 2 << 20;

    /// <summary>SHA-256, in hexadecimal, of all the rest: the same wish has the same generation, whoever writes it and whenever.</summary>
    public required string Generation { get; init; }

    /// <summary>
    /// As <c>/etc/ebb/control-plane.json</c>, which machines keep it as; all of its files have their hash, and <c>k3s</c> has
    /// <c>release</c> where one is known and what <see cref="K3sRotation"/> says.
    /// </summary>
    public required JsonObject Configuration { get; init; }

    /// <summary>All that cloud-config writes at a first boot, but for the configuration itself.</summary>
    public required ImmutableArray<OrderedText> Texts { get; init; }

    /// <summary>Paths of files that another state of the cluster's file would have, and this one has not.</summary>
    public ImmutableArray<string> Absent { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>For each of <see cref="Absent"/> what has to be restarted when it is removed, by the names in <see cref="Restart"/>.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<string>> AbsentRestarts { get; init => field = value ?? field; } =
        ImmutableSortedDictionary<string, ImmutableArray<string>>.Empty;

    /// <summary>Who may log in: lines in OpenSSH's form. Others that the user has are removed.</summary>
    public required ImmutableArray<string> SshKeys { get; init; }

    public required string SshUser { get; init; }

    /// <summary>What machines take from the share.</summary>
    [JsonIgnore]
    public IEnumerable<OrderedFile> Files =>
        Configuration["files"] is JsonArray files ? files.Select(file => file.Deserialize(OrdersJson.Default.OrderedFile)!) : [];

    /// <summary>As <c>v1.31.5+k3s1</c>; null where the channel, or what lies on the share for machines without a way outside, decides.</summary>
    [JsonIgnore]
    public string? Release => (string?)Configuration["k3s"]?["release"];

    /// <param name="release">The release of k3s that machines are to run; null for the file's own, and where that names a channel, that of the day of birth.</param>
    /// <param name="hashes">SHA-256, in hexadecimal, of every file on the share by its path there.</param>
    public static ControlPlaneOrders Compose(
        ClusterFile cluster,
        ResourceNames names,
        RenderInputs inputs,
        string? release,
        IReadOnlyDictionary<string, string> hashes,
        K3sRotation? rotation = null)
    {
        var written = ControlPlaneConfig.Build(cluster, names, inputs).WriteFiles.Where(file => file.Path != ControlPlaneConfig.Path).ToList();
        var configuration = ControlPlaneConfig.Configuration(cluster, names, inputs, release);
        configuration["files"] = Arm.Objects(ControlPlaneConfig.Taken(cluster, inputs).Select(file => WithHash(file, hashes)));
        if (rotation is not null && configuration["k3s"] is JsonObject k3s)
        {
            rotation.Write(k3s);
        }

        ImmutableArray<string> absent = [.. ControlPlaneConfig.Optional.Except(written.Select(file => file.Path))];
        var orders = new ControlPlaneOrders
        {
            Generation = "",
            Configuration = configuration,
            Texts = [.. written.Select(file => new OrderedText(file.Path, file.Permissions ?? "0644", file.Content) { Restarts = Restart.Of(file.Path) })],
            Absent = absent,
            AbsentRestarts = absent.ToImmutableSortedDictionary(path => path, Restart.Of, StringComparer.Ordinal),
            SshKeys = inputs.SshPublicKeys,
            SshUser = cluster.Access.SshUser,
        };
        return orders with { Generation = Convert.ToHexStringLower(SHA256.HashData(orders.ToBytes())) };
    }

    /// <exception cref="EbbException">It is not what this writes.</exception>
    public static ControlPlaneOrders Read(ReadOnlySpan<byte> content) => OrdersJson.Read(content, SystemShare.Wanted, OrdersJson.Default.ControlPlaneOrders);

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, OrdersJson.Default.ControlPlaneOrders);

    /// <summary>Without what the texts say.</summary>
    public override string ToString() => $"generation {Generation}";

    private static JsonObject WithHash(JsonObject file, IReadOnlyDictionary<string, string> hashes)
    {
        var (from, to) = ((string)file["from"]!, (string)file["to"]!);
        file["sha256"] ??= hashes.TryGetValue(from, out var hash)
            ? hash
            : throw new InvalidOperationException($"The hash of '{from}', which control-plane machines take, is not given.");
        if (Restart.Of(to) is { IsEmpty: false } restarts)
        {
            file["restarts"] = Arm.Strings(restarts);
        }

        return file;
    }
}

/// <param name="From">Path on the share.</param>
/// <param name="To">Path on the machine.</param>
/// <param name="Mode">Four octal digits.</param>
internal sealed record OrderedFile(string From, string To, string Mode, string Sha256)
{
    /// <summary>What has to be restarted when it changes, by the names in <see cref="Restart"/>.</summary>
    public ImmutableArray<string> Restarts { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Taken where it is not there yet, and never replaced: from then on it is k3s' own.</summary>
    public bool Once { get; init; }
}

/// <inheritdoc cref="OrderedFile"/>
internal sealed record OrderedText(string To, string Mode, string Content)
{
    /// <inheritdoc cref="OrderedFile.Restarts"/>
    public ImmutableArray<string> Restarts { get; init => field = value.IsDefault ? [] : value; } = [];

    public override string ToString() => To;
}
