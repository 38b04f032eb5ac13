using System.Collections.Immutable;

namespace Ebb.Cli.Definition;

/// <summary>One cluster as its <c>ebb.yaml</c> describes it, read and found sound: nothing here needs checking again.</summary>
internal sealed record ClusterFile
{
    /// <summary>What the file is called where no other is named.</summary>
    public const string DefaultPath = "ebb.yaml";

    /// <summary>Begins the names of what is made in the cloud. 2 to 30 lower-case letters, digits and single dashes, a letter first.</summary>
    public required string Name { get; init; }

    public required CloudDefinition Cloud { get; init; }

    public KubernetesDefinition Kubernetes { get; init; } = new();

    public ControlPlaneDefinition ControlPlane { get; init; } = new();

    /// <summary>At least one; no two have a name in common, whatever its case.</summary>
    public required ImmutableArray<PoolDefinition> Pools { get; init; }

    public StorageDefinition Storage { get; init; } = new();

    public NetworkDefinition Network { get; init; } = new();

    public AccessDefinition Access { get; init; } = new();

    public AddOnsDefinition AddOns { get; init; } = new();

    public OptionsDefinition Options { get; init; } = new();

    /// <summary>All that it takes from the environment.</summary>
    public IEnumerable<Secret> Secrets => Options.Tailscale is { } tailscale ? [tailscale.AuthKey] : [];
}
