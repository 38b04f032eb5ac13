using System.Collections.Frozen;
using System.Globalization;

namespace Ebb.Pools;

/// <summary>
/// About what a machine costs: Linux, pay as you go, USD for an hour. Only good for telling which pool is cheaper; real
/// prices differ by region and contract, and a pool's tag <c>ebb-price</c> overrides them.
/// </summary>
public static class Prices
{
    // Spot goes for 10 % to 40 % of the regular price, most sizes near this, and changes by the day. What counts is that it is cheaper.
    private const decimal SpotShare = 0.2m;

    // General, compute and memory series differ only in memory for a core, and both have nearly one price across them.
    private const decimal PerCpu = 0.033m;
    private const decimal PerGibibyte = 0.00375m;

    // Between a T4 (0.35) and a V100 (2.80).
    private const decimal PerGpu = 0.90m;

    // Published list prices of East US, rounded: sizes whose price the rule above would miss.
    private static readonly FrozenDictionary<string, decimal> BySize = new Dictionary<string, decimal>
    {
        ["Standard_B1s"] = 0.0104m,
        ["Standard_B1ms"] = 0.0207m,
        ["Standard_B2s"] = 0.0416m,
        ["Standard_B2ms"] = 0.0832m,
        ["Standard_B4ms"] = 0.166m,
        ["Standard_B8ms"] = 0.333m,
        ["Standard_D1_v2"] = 0.057m,
        ["Standard_D2_v2"] = 0.114m,
        ["Standard_D3_v2"] = 0.229m,
        ["Standard_D4_v2"] = 0.458m,
        ["Standard_DS1_v2"] = 0.073m,
        ["Standard_DS2_v2"] = 0.146m,
        ["Standard_DS3_v2"] = 0.293m,
        ["Standard_DS4_v2"] = 0.585m,
        ["Standard_NC4as_T4_v3"] = 0.526m,
        ["Standard_NC8as_T4_v3"] = 0.752m,
        ["Standard_NC16as_T4_v3"] = 1.204m,
        ["Standard_NC64as_T4_v3"] = 4.352m,
        ["Standard_NC6s_v3"] = 3.06m,
        ["Standard_NC12s_v3"] = 6.12m,
        ["Standard_NC24s_v3"] = 12.24m,
        ["Standard_NC24ads_A100_v4"] = 3.673m,
        ["Standard_NC48ads_A100_v4"] = 7.346m,
        ["Standard_NC96ads_A100_v4"] = 14.692m,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    // The same for a core of a series, whose sizes are priced by the core.
    private static readonly FrozenDictionary<string, decimal> ByCore = new Dictionary<string, decimal>
    {
        ["Ds_v3"] = 0.048m,
        ["D_v3"] = 0.048m,
        ["Ds_v4"] = 0.048m,
        ["Ds_v5"] = 0.048m,
        ["Das_v4"] = 0.048m,
        ["Das_v5"] = 0.043m,
        ["Dps_v5"] = 0.0385m,
        ["Es_v3"] = 0.063m,
        ["Es_v4"] = 0.063m,
        ["Es_v5"] = 0.063m,
        ["Eas_v5"] = 0.0565m,
        ["Fs_v2"] = 0.0423m,
        ["Ls_v3"] = 0.078m,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The approximate price of one machine for an hour; null when nothing is known about the size.</summary>
    /// <param name="hardware">Gives an estimate by cores, memory and GPUs for a size that no table has.</param>
    public static decimal? PerHour(string size, MachineSize? hardware, Priority priority)
    {
        var regular = BySize.TryGetValue(size, out var known) ? known : Series(size) ?? Estimate(hardware);
        return priority is Priority.Spot ? regular * SpotShare : regular;
    }

    private static decimal? Estimate(MachineSize? hardware) => hardware is null
        ? null
        : (hardware.Cpus * PerCpu) + (hardware.MemoryBytes / (decimal)(1L << 30) * PerGibibyte) + (hardware.Gpus * PerGpu);

    /// <summary>Reads <c>Standard_D4s_v5</c> as 4 cores of the series <c>Ds_v5</c>.</summary>
    private static decimal? Series(string size)
    {
        const string Prefix = "Standard_";
        if (!size.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var name = size.AsSpan(Prefix.Length);
        var first = name.IndexOfAnyInRange('0', '9');
        if (first <= 0)
        {
            return null;
        }

        var digits = name[first..];
        var after = digits.IndexOfAnyExceptInRange('0', '9');
        return after > 0
            && int.TryParse(digits[..after], NumberStyles.None, CultureInfo.InvariantCulture, out var cores)
            && ByCore.TryGetValue($"{name[..first]}{digits[after..]}", out var perCore)
                ? cores * perCore
                : null;
    }
}
