using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates.Expanding;

namespace Ebb.Sandbox.Azure.Deployments;

/// <summary>One deployment and what became of it. Used under the world's gate.</summary>
internal sealed class Deployment(DeploymentScope scope, string name, DeploymentOrder order, string correlation, DateTimeOffset now)
{
    public DeploymentScope Scope => scope;

    public string Name => name;

    public string Id => scope.IdOf(name);

    public DeploymentOrder Order => order;

    public string CorrelationId => correlation;

    /// <summary>It is a resource of another deployment, and shares what that one may compute.</summary>
    public bool Nested { get; init; }

    /// <summary>What its poll address ends in.</summary>
    public string Number { get; init; } = "";

    public DateTimeOffset StartedAt { get; } = now;

    public DateTimeOffset ChangedAt { get; set; } = now;

    /// <summary>Null while it runs.</summary>
    public DateTimeOffset? EndedAt { get; set; }

    public string State { get; set; } = "Accepted";

    public bool Active => EndedAt is null;

    /// <summary>What it deploys; the state of each of its resources is among <see cref="Steps"/>.</summary>
    public required Expansion Expansion { get; init; }

    public required string TemplateHash { get; init; }

    /// <summary>Null until it has succeeded.</summary>
    public JsonObject? Outputs { get; set; }

    public List<string> OutputResources { get; } = [];

    public JsonObject? Error { get; set; }

    public List<DeploymentStep> Steps { get; } = [];

    /// <summary>Asks it to begin nothing more.</summary>
    public Action Cancel { get; set; } = () => { };

    /// <summary>The deployments inside its template, once they have begun.</summary>
    public List<Deployment> Children { get; } = [];

    /// <summary>What was begun instead after it failed; null when nothing.</summary>
    public Deployment? Instead { get; set; }
}

/// <summary>What a deployment does about one resource, as its operations show it.</summary>
internal sealed class DeploymentStep(string id, string kind, DateTimeOffset now)
{
    public string Id => id;

    /// <summary>Create, Delete, EvaluateDeploymentOutput and so on.</summary>
    public string Kind => kind;

    public (string Id, string Type, string Name)? Target { get; init; }

    public DateTimeOffset StartedAt { get; } = now;

    public DateTimeOffset? EndedAt { get; set; }

    public DateTimeOffset ChangedAt { get; set; } = now;

    public string State { get; set; } = "Running";

    /// <summary>A status's name; null while there is none.</summary>
    public string? Status { get; set; }

    public JsonNode? Message { get; set; }

    public JsonNode? Request { get; set; }

    public JsonNode? Response { get; set; }

    public string TrackingId { get; init; } = "";
}

/// <summary>What somebody asked to be deployed.</summary>
internal sealed record DeploymentOrder
{
    public required Template Template { get; init; }

    public required JsonObject? Parameters { get; init; }

    /// <summary>What is in the group and not in the template goes.</summary>
    public bool Complete { get; init; }

    public ImmutableSortedDictionary<string, string> Tags { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Of a deployment of the subscription.</summary>
    public string? Location { get; init; }

    /// <summary>Requests and answers are kept with the steps.</summary>
    public bool KeepsRequests { get; init; }

    public bool KeepsAnswers { get; init; }

    public string DebugDetail { get; init; } = "none";

    /// <summary>What is to be deployed when this fails: a name, or empty for the last that succeeded; null: nothing.</summary>
    public string? OnError { get; init; }

    /// <summary>What-if: only which resources, not how they change.</summary>
    public bool IdsOnly { get; init; }
}
