using System.Net;
using Ebb.Controller.Joining;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Cloud;

namespace Ebb.Cli.Sandboxes;

/// <summary>The cluster of a sandbox with the cloud that its machines are in: embedded in this process, or a real one beside it.</summary>
internal interface ISandboxKubernetes : IAsyncDisposable
{
    KubernetesKind Kind { get; }

    CloudWorld Cloud { get; }

    /// <summary>Where the API answers.</summary>
    Uri Address { get; }

    /// <summary>File with the kubeconfig of the person whose sandbox it is.</summary>
    string Kubeconfig { get; }

    /// <summary>File with the kubeconfig of Ebb's controller.</summary>
    string ControllerKubeconfig { get; }

    /// <summary>What its machines are; null for those of an embedded one, which are part of it.</summary>
    MachineKind? Machines { get; }

    /// <summary>How many machines can run here at a time.</summary>
    int MostMachines { get; }

    /// <summary>What a pool's machines are to be made with, as the cloud takes it; null when they need nothing.</summary>
    string? CustomDataOf(string pool);

    /// <summary>From now on what the cloud boots joins the cluster.</summary>
    /// <param name="azure">Where machines learn who they are.</param>
    Task ServeMachinesAsync(AzureFace azure, CancellationToken ct);

    /// <summary>How machines are admitted, once they are served; null for those that ask nobody.</summary>
    JoinServerOptions? Joining { get; }

    /// <summary>Leads the machines to their join server until what is returned is disposed of.</summary>
    Task<IAsyncDisposable> LeadAsync(IPEndPoint joinServer);

    /// <summary>How to reach the components of a real control plane; null for an embedded one.</summary>
    Placement? Placement { get; }

    /// <summary>Has the controller run until it is cancelled, and begin anew when the cluster was restored: what it knows is then void.</summary>
    Task RunAsync(Func<CancellationToken, Task> controller, CancellationToken ct);
}
