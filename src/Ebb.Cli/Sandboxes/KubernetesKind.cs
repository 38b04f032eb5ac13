namespace Ebb.Cli.Sandboxes;

/// <summary>What stands behind a sandbox's Kubernetes API.</summary>
internal enum KubernetesKind
{
    /// <summary>Acted out in this process.</summary>
    Embedded,

    /// <summary>Kubernetes' own programs, each a process.</summary>
    Real,
}

/// <summary>What the machines of a sandbox with a real Kubernetes are.</summary>
internal enum MachineKind
{
    /// <summary>Kubelets in this process that act pods out.</summary>
    Hollow,

    /// <summary>A Linux userland each, with a real kubelet and real containers.</summary>
    Nspawn,
}
