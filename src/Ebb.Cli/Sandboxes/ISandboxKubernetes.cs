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

    /// <summary>What of it outlives this process; null when nothing does.</summary>
    string? Kept { get; }
}
