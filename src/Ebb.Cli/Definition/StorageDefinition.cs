using System.Collections.Immutable;

namespace Ebb.Cli.Definition;

/// <summary>What outlives the machines.</summary>
internal sealed record StorageDefinition
{
    /// <summary>3 to 24 lower-case letters and digits, unique in all of Azure. Null: derived from cluster and subscription.</summary>
    public string? Account { get; init; }

    /// <summary>Default: one, <c>srv</c> at <c>/srv</c>. No two have a name or a place in common.</summary>
    public ImmutableArray<ShareDefinition> Shares { get; init; } = [new ShareDefinition { Name = "srv" }];
}

/// <summary>A file share that every machine mounts.</summary>
internal sealed record ShareDefinition
{
    /// <summary>3 to 63 lower-case letters, digits and single dashes.</summary>
    public required string Name { get; init; }

    /// <summary>1 to 102400. Default 100.</summary>
    public int QuotaGiB { get; init; } = 100;

    /// <summary>An absolute path, no directory of the system's own. Default <c>/srv</c>.</summary>
    public string MountAt { get; init; } = "/srv";
}
