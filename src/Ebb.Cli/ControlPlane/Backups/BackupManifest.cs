using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Ebb.Cli.ControlPlane.Backups;

/// <summary>What a backup is of.</summary>
internal sealed record BackupManifest
{
    /// <summary>Which cluster, wherever it runs; see <see cref="ClusterRecord.Id"/>.</summary>
    public required string Cluster { get; init; }

    /// <summary>What its people call it.</summary>
    public required string Name { get; init; }

    public required DateTimeOffset TakenAt { get; init; }

    public required string Kubernetes { get; init; }

    public required string Etcd { get; init; }

    public required ImmutableArray<BackupPart> Parts { get; init; }
}

/// <param name="Name">Its path under the cluster's directory, or <see cref="BackupFile.Snapshot"/>.</param>
internal sealed record BackupPart(string Name, long Bytes, string Sha256);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(BackupManifest))]
[JsonSerializable(typeof(System.Text.Json.JsonElement))]
internal sealed partial class BackupJson : JsonSerializerContext;
