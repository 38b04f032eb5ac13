using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ebb.Cli.Sandboxes;

/// <summary>What a running sandbox says about itself to other processes of the same user.</summary>
internal sealed record SandboxState
{
    public required string Name { get; init; }

    public required ProcessMark Host { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Where the Kubernetes API answers.</summary>
    public required string Kubernetes { get; init; }

    /// <summary>Where the emulated Azure answers, and how a client proves itself to it.</summary>
    public required AzureAccess Azure { get; init; }
}

/// <summary>All that a client needs to reach one resource group: the same for a sandbox and for the real thing.</summary>
internal sealed record AzureAccess
{
    public required string Subscription { get; init; }

    public required string ResourceGroup { get; init; }

    /// <summary>Base address of the Resource Manager; null for the public cloud's.</summary>
    public string? Endpoint { get; init; }

    /// <summary>A PEM file with the authority to trust, and no other; null for the system's.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>Null: whatever Azure's own tools on this machine are signed in with.</summary>
    public AzureClient? Client { get; init; }
}

/// <summary>A service principal.</summary>
internal sealed record AzureClient(string Tenant, string Id, string Secret)
{
    public override string ToString() => $"{Tenant}/{Id}";
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(SandboxState))]
internal sealed partial class SandboxJson : JsonSerializerContext;
