namespace Ebb.Pools;

/// <summary>What the cloud sells under one name.</summary>
/// <param name="Name">For example <c>Standard_D4s_v5</c>.</param>
/// <param name="Cpus">Cores that the guest sees.</param>
/// <param name="MemoryBytes">As advertised; the guest sees a little less, see <see cref="Reserve"/>.</param>
public sealed record MachineSize(string Name, int Cpus, long MemoryBytes)
{
    public int Gpus { get; init; }

    /// <summary>How Kubernetes counts its GPUs.</summary>
    public string GpuResource { get; init; } = "nvidia.com/gpu";

    /// <summary>As Kubernetes names it: <c>amd64</c> or <c>arm64</c>.</summary>
    public string Architecture { get; init; } = "amd64";
}
