using System.Collections.Immutable;
using System.Text.Json;

namespace Ebb.Clouds.Azure.Deployments;

/// <summary>A template's deployment into a resource group, as it is.</summary>
public sealed record Deployment
{
    public required string Name { get; init; }

    /// <summary>As Azure calls it: Accepted, Running, Succeeded, Failed, Canceled.</summary>
    public required string State { get; init; }

    public DateTimeOffset? At { get; init; }

    public TimeSpan? Took { get; init; }

    /// <summary>What support asks for.</summary>
    public string? CorrelationId { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>Each output's value by its name; empty until it has succeeded.</summary>
    public ImmutableDictionary<string, JsonElement> Outputs { get; init; } = ImmutableDictionary<string, JsonElement>.Empty;

    /// <summary>Ids of what it made or found as wanted.</summary>
    public ImmutableArray<string> Resources { get; init; } = [];

    public AzureFault? Fault { get; init; }

    public bool Succeeded => State.Equals("Succeeded", StringComparison.OrdinalIgnoreCase);

    public bool Ended => Succeeded || State.Equals("Failed", StringComparison.OrdinalIgnoreCase) || State.Equals("Canceled", StringComparison.OrdinalIgnoreCase);

    /// <summary>An output that is text; null when there is none.</summary>
    public string? Output(string name) =>
        Outputs.TryGetValue(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;
}

/// <summary>What a deployment does, or did, about one resource.</summary>
public sealed record DeploymentStep
{
    public required string OperationId { get; init; }

    /// <summary>Create, Delete, Read, Action, Waiting and others.</summary>
    public required string Kind { get; init; }

    public required string State { get; init; }

    /// <summary>Id of the resource; null for steps that are about none.</summary>
    public string? Target { get; init; }

    public string? Type { get; init; }

    public string? Name { get; init; }

    public TimeSpan? Took { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public AzureFault? Fault { get; init; }
}

/// <summary>How an order to deploy was taken.</summary>
public abstract record DeployResult
{
    private DeployResult()
    {
    }

    /// <summary>It runs.</summary>
    public sealed record Begun : DeployResult;

    /// <summary>One of this name runs already, and cannot be replaced before it has ended.</summary>
    public sealed record Busy : DeployResult;

    /// <summary>Nothing was begun.</summary>
    public sealed record Refused(AzureFault Fault) : DeployResult;
}

/// <summary>What deploying a template would do to one resource.</summary>
public sealed record ResourceChange
{
    public required string Id { get; init; }

    public required ChangeKind Kind { get; init; }

    public JsonElement? Before { get; init; }

    public JsonElement? After { get; init; }

    public ImmutableArray<PropertyChange> Properties { get; init; } = [];

    /// <summary>Why Azure cannot tell; null when it can.</summary>
    public string? Unsupported { get; init; }
}

/// <summary>As Azure calls them.</summary>
public enum ChangeKind
{
    NoChange,
    Create,
    Modify,
    Delete,

    /// <summary>In the group, and not in the template.</summary>
    Ignore,

    /// <summary>Would be written; whether that changes anything is unknown.</summary>
    Deploy,

    Unsupported,
}

/// <param name="Path">From the resource's root, with dots: <c>sku.capacity</c>.</param>
public sealed record PropertyChange(string Path, JsonElement? Before, JsonElement? After);
