using System.Collections.Immutable;

namespace Ebb.Sandbox.Cloud;

/// <summary>A machine size that the cloud sells.</summary>
public sealed record Size
{
    public required string Name { get; init; }

    /// <summary>Name of the quota that regular machines of this size use besides <c>cores</c>.</summary>
    public required string Family { get; init; }

    public required int VCpus { get; init; }

    public required double MemoryGiB { get; init; }

    public int Gpus { get; init; }

    /// <summary>US dollars for an hour.</summary>
    public required decimal Price { get; init; }

    /// <summary>US dollars for an hour as spot; null when not sold as spot.</summary>
    public decimal? SpotPrice { get; init; }

    public string Architecture { get; init; } = "x64";

    public int TempDiskGiB { get; init; }

    public int MaxDataDisks { get; init; } = 8;

    /// <summary>The kind of hardware that it is sold on. A machine changes to a size of another kind only while it is deallocated.</summary>
    public string Hardware => Gpus > 0 ? "gpu" : Architecture != "x64" ? "arm" : Name.EndsWith("_v5", StringComparison.Ordinal) ? "fifth" : Name.Contains("_F", StringComparison.Ordinal) ? "compute" : "general";

    /// <summary>
    /// Whether a network card of its machines can be accelerated: of general sizes those with two processors and more, of those of the second
    /// and third version that have two threads to a core those with four, and no burstable one of the first version.
    /// </summary>
    public bool AcceleratedNetworking =>
        !Name.Contains("_B", StringComparison.Ordinal) && (VCpus >= 4 || Name.EndsWith("_v5", StringComparison.Ordinal) || Family == "standardDv2Family");

    /// <summary>
    /// A few sizes of each kind that batch work is run on. Prices are round figures of the right order, not a price list.
    /// </summary>
    public static ImmutableArray<Size> Catalogue { get; } =
    [
        Make("Standard_B1s", "standardBSFamily", 1, 1, 0.0104m, null, 4),
        Make("Standard_B1ms", "standardBSFamily", 1, 2, 0.0207m, null, 4),
        Make("Standard_B2s", "standardBSFamily", 2, 4, 0.0416m, null, 8),
        Make("Standard_B2ms", "standardBSFamily", 2, 8, 0.0832m, null, 16),
        Make("Standard_D2_v2", "standardDv2Family", 2, 7, 0.114m, 0.023m, 100),
        Make("Standard_D2s_v3", "standardDSv3Family", 2, 8, 0.096m, 0.019m, 16),
        Make("Standard_D4s_v3", "standardDSv3Family", 4, 16, 0.192m, 0.038m, 32),
        Make("Standard_D8s_v3", "standardDSv3Family", 8, 32, 0.384m, 0.077m, 64),
        Make("Standard_D16s_v3", "standardDSv3Family", 16, 64, 0.768m, 0.154m, 128),
        Make("Standard_D2s_v5", "standardDSv5Family", 2, 8, 0.096m, 0.018m, 0),
        Make("Standard_D4s_v5", "standardDSv5Family", 4, 16, 0.192m, 0.036m, 0),
        Make("Standard_D8s_v5", "standardDSv5Family", 8, 32, 0.384m, 0.072m, 0),
        Make("Standard_D16s_v5", "standardDSv5Family", 16, 64, 0.768m, 0.144m, 0),
        Make("Standard_D4ps_v5", "standardDPSv5Family", 4, 16, 0.154m, 0.029m, 0) with { Architecture = "Arm64" },
        Make("Standard_F2s_v2", "standardFSv2Family", 2, 4, 0.0846m, 0.017m, 16),
        Make("Standard_F4s_v2", "standardFSv2Family", 4, 8, 0.169m, 0.034m, 32),
        Make("Standard_F8s_v2", "standardFSv2Family", 8, 16, 0.338m, 0.068m, 64),
        Make("Standard_F16s_v2", "standardFSv2Family", 16, 32, 0.677m, 0.135m, 128),
        Make("Standard_E4s_v5", "standardESv5Family", 4, 32, 0.252m, 0.047m, 0),
        Make("Standard_E8s_v5", "standardESv5Family", 8, 64, 0.504m, 0.095m, 0),
        Make("Standard_NC4as_T4_v3", "Standard NCASv3_T4 Family", 4, 28, 0.526m, 0.105m, 176) with { Gpus = 1 },
        Make("Standard_NC16as_T4_v3", "Standard NCASv3_T4 Family", 16, 110, 1.204m, 0.241m, 352) with { Gpus = 1 },
    ];

    private static Size Make(
        string name, string family, int vcpus, double memoryGiB, decimal price, decimal? spotPrice, int tempDiskGiB) => new()
        {
            Name = name,
            Family = family,
            VCpus = vcpus,
            MemoryGiB = memoryGiB,
            Price = price,
            SpotPrice = spotPrice,
            TempDiskGiB = tempDiskGiB,
        };
}
