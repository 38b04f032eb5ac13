using System.Collections.Immutable;

namespace Ebb.Cli.ControlPlane.Components;

/// <summary>A whole control plane as specifications.</summary>
internal static class ComponentSpecs
{
    /// <summary>The oldest release that these flags are for.</summary>
    public static readonly ReleaseVersion Oldest = new(1, 20, 0);

    /// <summary>In the order they start.</summary>
    public static ImmutableArray<ComponentSpec> Of(ControlPlaneShape shape) =>
    [
        .. EtcdMember.Specify(shape),
        KubeApiServer.Specify(shape),
        KubeControllers.Specify(shape),
        KubeScheduler.Specify(shape),
    ];
}
