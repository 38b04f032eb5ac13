using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>A resource as it is at an instant; its store replaces it at every write.</summary>
internal sealed record Resource
{
    /// <summary>In the casing of its creation.</summary>
    public required ResourceId Id { get; init; }

    public required ResourceType Type { get; init; }

    /// <summary>What was put, completed by its type; without what only answers have (id, name, type, etag, state). Frozen: clone before changing.</summary>
    public required JsonObject Model { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ChangedAt { get; init; }

    public ProvisioningState Provisioning { get; init; } = ProvisioningState.Succeeded;

    /// <summary>Rises by one with every write.</summary>
    public long Version { get; init; } = 1;

    /// <summary>The delete that goes on; else null.</summary>
    public Operation? Going { get; init; }

    public string Name => Id.Name;

    public string? Location => JsonRead.Text(Model["location"]);

    /// <summary>The members of <see cref="Model"/> that belong to the type; never null in what a store holds.</summary>
    public JsonObject Properties => Model["properties"] as JsonObject ?? [];

    /// <summary>As clients send it back; null when the provider has no entity tags.</summary>
    public string? ETag => Type.ETags switch
    {
        ETagStyle.Counted => $"\"{Version}\"",
        ETagStyle.Weak => $"W/\"{Principals.PrincipalOf($"etag {Id.Key} {CreatedAt.Ticks} {Version}")}\"",
        _ => null,
    };
}

/// <summary>The form of a provider's entity tags.</summary>
internal enum ETagStyle
{
    None,

    /// <summary>Microsoft.Compute: a number in quotes.</summary>
    Counted,

    /// <summary>Microsoft.Network: a weak tag around a guid.</summary>
    Weak,
}
