using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Cli.Provisioning.Templates;

namespace Ebb.Cli.Provisioning;

/// <summary>Everything that makes a cluster, as texts: two templates with their parameters, and what machines are told at their birth.</summary>
internal sealed record Rendering
{
    public required ResourceNames Names { get; init; }

    public required JsonObject StorageTemplate { get; init; }

    /// <summary>As a deployment takes them: <c>{"location": {"value": "westeurope"}, ...}</c>.</summary>
    public required JsonObject StorageParameters { get; init; }

    public required JsonObject ComputeTemplate { get; init; }

    /// <summary>Holds what is nobody else's business; never shown.</summary>
    public required JsonObject ComputeParameters { get; init; }

    /// <summary>By the name of the scale set, or <c>control-plane</c>.</summary>
    public required ImmutableSortedDictionary<string, string> CloudConfigs { get; init; }

    /// <summary>What has to lie on <see cref="SystemShare"/> before a control-plane machine can begin, by path there.</summary>
    public required ImmutableArray<string> SystemFiles { get; init; }

    /// <summary>All of it as files, by path below a directory.</summary>
    public ImmutableArray<RenderedFile> Files() =>
    [
        new("README.md", Readme.Compose(Names, SystemFiles)),
        new("storage.json", Arm.Text(StorageTemplate)),
        new("storage.parameters.json", Arm.Text(Arm.ParametersFile(StorageParameters))) { Secret = true },
        new("compute.json", Arm.Text(ComputeTemplate)),
        new("compute.parameters.json", Arm.Text(Arm.ParametersFile(ComputeParameters))) { Secret = true },
        .. CloudConfigs.Select(config => new RenderedFile($"cloud-config/{config.Key}.yaml", config.Value) { Secret = true }),
    ];
}

/// <param name="Path">With slashes, relative.</param>
internal sealed record RenderedFile(string Path, string Text)
{
    /// <summary>For its owner alone.</summary>
    public bool Secret { get; init; }

    /// <summary>Not a word of what is in it.</summary>
    public override string ToString() => Path;
}
