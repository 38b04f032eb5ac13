using System.Net;
using Ebb.Cli.ControlPlane;
using Ebb.Controller.Joining;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;

namespace Ebb.Cli.Sandboxes;

/// <summary>What a real cluster's machines are: hollow kubelets, or systemd-nspawn machines.</summary>
internal interface ISandboxMachines : IAsyncDisposable
{
    MachineKind Kind { get; }

    /// <summary>Puts the control plane where the machines reach it.</summary>
    Task<ControlPlaneOptions> PlaceAsync(ControlPlaneOptions options, CancellationToken ct);

    /// <summary>How many can run here at a time.</summary>
    int Most { get; }

    /// <summary>What a pool's machines are to be made with, as the cloud takes it; null when they need nothing.</summary>
    string? CustomDataOf(string pool);

    /// <summary>How machines are admitted, once they are served; null for those that ask nobody.</summary>
    JoinServerOptions? Joining { get; }

    /// <summary>Leads the machines to their join server until what is returned is disposed of.</summary>
    Task<IAsyncDisposable> LeadAsync(IPEndPoint joinServer);

    /// <summary>From now on what the cloud boots joins the cluster.</summary>
    Task ServeAsync(HostedControlPlane plane, CloudWorld cloud, AzureFace azure, CancellationToken ct);

    /// <summary>The cluster was restored: what lets machines join came after that, and is made anew.</summary>
    /// <param name="another">It has become another cluster, with other keys.</param>
    Task FollowAsync(HostedControlPlane plane, CloudWorld cloud, AzureFace azure, bool another, CancellationToken ct);
}
