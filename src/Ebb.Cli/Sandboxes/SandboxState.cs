using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ebb.Cli.Sandboxes;

/// <summary>What a running sandbox says about itself to other processes of the same user.</summary>
internal sealed record SandboxState
{
    public required string Name { get; init; }

    public required ProcessMark Host { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public KubernetesKind Kind { get; init; }

    /// <summary>What its machines are; null where they are embedded too.</summary>
    public MachineKind? Machines { get; init; }

    /// <summary>How to reach the components of a real control plane; null for an embedded one.</summary>
    public Placement? Placement { get; init; }

    /// <summary>Where the Kubernetes API answers.</summary>
    public required string Kubernetes { get; init; }

    /// <summary>Where the emulated Azure answers, and how a client proves itself to it.</summary>
    public required AzureAccess Azure { get; init; }
}

/// <summary>Where a control plane's components are.</summary>
/// <param name="Prefix">Before a command, it has it run where they are; may be empty.</param>
internal sealed record Placement(string BindAddress, ImmutableArray<string> Prefix);

/// <summary>All that a client needs to reach the emulated Azure.</summary>
internal sealed record AzureAccess
{
    public required string Subscription { get; init; }

    public required string ResourceGroup { get; init; }

    /// <summary>Base address of resource manager and token endpoint.</summary>
    public required string Endpoint { get; init; }

    /// <summary>A PEM file with the authority to trust there, and no other.</summary>
    public required string AuthorityFile { get; init; }

    public required AzureClient Client { get; init; }
}

/// <summary>A service principal.</summary>
internal sealed record AzureClient(string Tenant, string Id, string Secret)
{
    public override string ToString() => $"{Tenant}/{Id}";
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SandboxState))]
internal sealed partial class SandboxJson : JsonSerializerContext;
