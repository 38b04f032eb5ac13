using System.Collections.Immutable;

namespace Ebb.Cli.Definition;

/// <summary>What runs on the cluster from the start.</summary>
internal sealed record AddOnsDefinition
{
    /// <summary>A private image registry on the control plane. Default false.</summary>
    public bool Registry { get; init; }

    /// <summary>For <c>kubectl top</c> and horizontal autoscaling. Default true.</summary>
    public bool MetricsServer { get; init; } = true;

    /// <summary>Kubernetes' dashboard, reached through <c>ebb proxy</c>. Default false.</summary>
    public bool Dashboard { get; init; }

    /// <summary>HTTP and HTTPS into the cluster through the control plane. Default true.</summary>
    public bool Ingress { get; init; } = true;
}

/// <summary>How every machine is set up.</summary>
internal sealed record OptionsDefinition
{
    /// <summary><c>ubuntu-24.04</c>, <c>ubuntu-22.04</c>, <c>debian-12</c>, or <c>PUBLISHER:OFFER:SKU:VERSION</c>. Default <c>ubuntu-24.04</c>.</summary>
    public string Image { get; init; } = "ubuntu-24.04";

    /// <summary>A name of the tz database. Default <c>Etc/UTC</c>.</summary>
    public string TimeZone { get; init; } = "Etc/UTC";

    /// <summary>A swap file's size, 0 to 64. Default 0: none.</summary>
    public int SwapGiB { get; init; }

    /// <summary>Whether the machine's own fast disk, where its size has one, is at <c>/mnt/scratch</c>. Default true.</summary>
    public bool Scratch { get; init; } = true;

    /// <summary>NVIDIA's driver and container runtime on sizes with such GPUs. Default false.</summary>
    public bool Nvidia { get; init; }

    public ContainerRuntime ContainerRuntime { get; init; } = ContainerRuntime.Containerd;

    /// <summary>Machines install everything from the share, nothing from outside. Default false.</summary>
    public bool AirGapped { get; init; }

    /// <summary>Joins control-plane machines to a Tailscale network; null: none.</summary>
    public TailscaleDefinition? Tailscale { get; init; }

    /// <summary>More packages of the image's distribution.</summary>
    public ImmutableArray<string> Packages { get; init; } = [];

    /// <summary>Shell commands that run as root at a machine's first boot, in order, before it joins.</summary>
    public ImmutableArray<string> Commands { get; init; } = [];
}

internal enum ContainerRuntime
{
    Containerd,
    CriO,
    Docker,
}

internal sealed record TailscaleDefinition
{
    public required Secret AuthKey { get; init; }
}
