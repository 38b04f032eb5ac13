using Ebb.Cli.ControlPlane;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;

namespace Ebb.Cli.Sandboxes;

/// <summary>What a real cluster's machines are: hollow kubelets, or systemd-nspawn machines.</summary>
internal interface ISandboxMachines : IAsyncDisposable
{
    MachineKind Kind { get; }

    /// <summary>Puts the control plane where the machines reach it.</summary>
    Task<ControlPlaneOptions> PlaceAsync(ControlPlaneOptions options, CancellationToken ct);

    /// <summary>From now on what the cloud boots joins the cluster.</summary>
    Task ServeAsync(HostedControlPlane plane, CloudWorld cloud, AzureFace azure, CancellationToken ct);
}
