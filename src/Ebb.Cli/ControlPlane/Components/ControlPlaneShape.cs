using System.Collections.Immutable;

namespace Ebb.Cli.ControlPlane.Components;

/// <summary>All that the specifications of one control plane are derived from.</summary>
internal sealed record ControlPlaneShape
{
    public const string UsualServiceRange = "10.96.0.0/12";

    public required ReleaseVersion Kubernetes { get; init; }

    public required ReleaseVersion Etcd { get; init; }

    public required ComponentPaths Paths { get; init; }

    public required ControlPlanePorts Ports { get; init; }

    /// <summary>Names one generation of the store, so that members of another never mix with it.</summary>
    public required string EtcdToken { get; init; }

    /// <summary>Where all components listen.</summary>
    public string BindAddress { get; init; } = "127.0.0.1";

    /// <summary>Where pods and machines reach the API server; loopback cannot be advertised.</summary>
    public string AdvertiseAddress { get; init; } = "127.0.0.1";

    public string ClusterName { get; init; } = "kubernetes";

    public string ServiceRange { get; init; } = UsualServiceRange;

    /// <summary>From which every node gets a subnet for its pods; null where nodes do without, which also spares the controller manager 10 s at each start.</summary>
    public string? PodRange { get; init; }

    /// <summary>Further flags by component name; they come last, so they win.</summary>
    public ImmutableDictionary<string, ImmutableArray<string>> ExtraFlags { get; init; } = ImmutableDictionary<string, ImmutableArray<string>>.Empty;

    /// <summary>Flags with nulls left out, and what is added by the user behind them.</summary>
    public ImmutableArray<string> Flags(string component, params IEnumerable<string?> flags) =>
        [.. flags.OfType<string>(), .. ExtraFlags.GetValueOrDefault(component, [])];
}

internal sealed record ControlPlanePorts
{
    public required int Api { get; init; }

    public required int ControllerManager { get; init; }

    public required int Scheduler { get; init; }

    /// <summary>One for each member of etcd.</summary>
    public required ImmutableArray<EtcdPorts> Etcd { get; init; }

    public IEnumerable<int> All() => [Api, ControllerManager, Scheduler, .. Etcd.SelectMany(m => new[] { m.Client, m.Peer })];
}

internal sealed record EtcdPorts(int Client, int Peer);
