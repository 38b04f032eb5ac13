using System.Collections.Immutable;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Something that whoever waits for a cluster wants to see.</summary>
internal abstract record ProvisionEvent
{
    private ProvisionEvent()
    {
    }

    /// <summary>A step begins.</summary>
    /// <param name="Step">A word for it, stable for scripts.</param>
    public sealed record Began(string Step, string What) : ProvisionEvent;

    /// <summary>A step is through.</summary>
    /// <param name="Changed">False when all was as wanted already.</param>
    public sealed record Ended(string Step, string What, bool Changed, TimeSpan Took) : ProvisionEvent;

    /// <summary>How far a deployment is with each resource.</summary>
    public sealed record Progress(string Step, ImmutableArray<DeploymentStep> Resources) : ProvisionEvent;

    /// <summary>Something worth a line.</summary>
    public sealed record Note(string Text) : ProvisionEvent;
}
