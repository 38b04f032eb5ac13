using System.Text.RegularExpressions;

namespace Ebb.Cli.Provisioning;

/// <summary>What of a machine size changes how its machines are asked for.</summary>
internal sealed partial record SizeTraits
{
    /// <summary>As Kubernetes names it: <c>amd64</c> or <c>arm64</c>.</summary>
    public string Architecture { get; init; } = "amd64";

    public bool AcceleratedNetworking { get; init; }

    /// <summary>Disks on solid state with guaranteed speed.</summary>
    public bool PremiumDisks { get; init; }

    /// <summary>Most GiB of a system disk that lies on the machine's own host: quick, free, gone with the machine. 0: none.</summary>
    public int EphemeralDiskGiB { get; init; }

    /// <summary>Where such a disk lies: <c>CacheDisk</c>, <c>ResourceDisk</c> or <c>NvmeDisk</c>.</summary>
    public string EphemeralPlacement { get; init; } = "CacheDisk";

    /// <summary>False where its machines have no disk of their own beside the system's; one that nobody knows of may have.</summary>
    public bool OwnDisk { get; init; } = true;

    /// <summary>Cores and memory that the guest sees; null where nobody said.</summary>
    public (int Cpus, long MemoryBytes)? Hardware { get; init; }

    public int Gpus { get; init; }

    /// <summary>
    /// What a name such as <c>Standard_D4pds_v5</c> tells by Azure's convention: family, cores, features in small letters, version.
    /// Nothing is promised that only some sizes of a family have.
    /// </summary>
    public static SizeTraits ByName(string size)
    {
        var match = Convention().Match(size);
        if (!match.Success)
        {
            return new SizeTraits();
        }

        var features = match.Groups["features"].Value;
        var version = match.Groups["version"] is { Success: true } v ? int.Parse(v.ValueSpan) : 1;
        return new SizeTraits
        {
            Architecture = features.Contains('p') ? "arm64" : "amd64",
            PremiumDisks = features.Contains('s') || match.Groups["family"].Value == "B",

            // Every general size from the fourth version on; before that it depends on the cores.
            AcceleratedNetworking = version >= 4 && match.Groups["family"].Value is "D" or "E" or "F",
            Gpus = match.Groups["family"].Value.StartsWith('N') ? 1 : 0,
        };
    }

    [GeneratedRegex(@"\A(Standard|Basic)_(?<family>[A-Z]+)\d+(-\d+)?(?<features>[a-z]*)(_[A-Z0-9]+)?(_v(?<version>\d{1,2}))?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Convention();
}
