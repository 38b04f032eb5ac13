using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.ControlPlane.Pki;

namespace Ebb.Cli.ControlPlane;

/// <summary>What was settled when the cluster was made and holds for its life: kubeconfigs and members depend on it.</summary>
internal sealed record ClusterRecord
{
    public const string FileName = "cluster.json";

    /// <summary>Which cluster this is, wherever its data go.</summary>
    public required string Id { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The release that last wrote the data: an older one could not read them.</summary>
    public required string Kubernetes { get; init; }

    public required string EtcdToken { get; init; }

    public required ControlPlanePorts Ports { get; init; }

    /// <summary>Where components listen; members of etcd know each other by it.</summary>
    public string BindAddress { get; init; } = "127.0.0.1";

    /// <summary>The store's revision must not be below this: so far did it get before an older state of it was restored.</summary>
    public long RevisionFloor { get; init; }

    public static ClusterRecord New(int members, int port, ReleaseVersion kubernetes, TimeProvider time)
    {
        var ports = FreePorts.Take(2 + (members * 2) + (port == 0 ? 1 : 0), except: port);
        return new ClusterRecord
        {
            Id = NewId(),
            CreatedAt = time.GetUtcNow(),
            Kubernetes = kubernetes.ToString(),
            EtcdToken = NewId(),
            Ports = new ControlPlanePorts
            {
                ControllerManager = ports[0],
                Scheduler = ports[1],
                Etcd = [.. Enumerable.Range(1, members).Select(member => new EtcdPorts(ports[member * 2], ports[(member * 2) + 1]))],
                Api = port == 0 ? ports[^1] : port,
            },
        };
    }

    /// <summary>Null when there is none yet.</summary>
    /// <exception cref="EbbException">There is one, and it cannot be read.</exception>
    public static ClusterRecord? Read(string directory)
    {
        var path = Path.Combine(directory, FileName);
        try
        {
            return SecretFile.Read(path) is { } text ? JsonSerializer.Deserialize(text, ClusterRecordJson.Default.ClusterRecord) : null;
        }
        catch (JsonException e)
        {
            throw new EbbException($"'{path}' is damaged: {e.Message} Put back a whole one, or restore a backup into a new cluster.", e);
        }
    }

    public void Write(string directory) =>
        SecretFile.Write(Path.Combine(directory, FileName), JsonSerializer.Serialize(this, ClusterRecordJson.Default.ClusterRecord));

    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(ClusterRecord))]
internal sealed partial class ClusterRecordJson : JsonSerializerContext;
