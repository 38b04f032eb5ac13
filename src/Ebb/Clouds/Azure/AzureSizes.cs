using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using Ebb.Pools;

namespace Ebb.Clouds.Azure;

/// <param name="Family">Which quota its cores count against, besides the region's.</param>
/// <param name="QuotaCores">How many cores one machine takes of a quota.</param>
/// <param name="Offered">False when this subscription cannot have it in this region.</param>
internal sealed record AzureSize(MachineSize Machine, string Family, int QuotaCores, bool Offered);

/// <summary>The machine sizes of each region, asked for once a day.</summary>
internal sealed class AzureSizes(ArmClient arm, TimeProvider time)
{
    private const string ApiVersion = "2021-07-01";

    private static readonly TimeSpan GoodFor = TimeSpan.FromDays(1);

    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Region> _regions = [];

    /// <summary>The size; or null, with the reason and the remedy.</summary>
    public async Task<(AzureSize? Size, string Problem)> FindAsync(string region, string size, CancellationToken ct)
    {
        if (!_regions.TryGetValue(region, out var known) || time.GetElapsedTime(known.At) > (known.Problem.Length > 0 ? AskAgainAfter : GoodFor))
        {
            _regions[region] = known = await ReadAsync(region, known, ct);
        }

        if (known.Sizes.TryGetValue(size, out var found))
        {
            return (found, "");
        }

        return (null, known.Problem.Length > 0 ? known.Problem : $"Azure has no such size in region '{region}': correct the scale set.");
    }

    private async Task<Region> ReadAsync(string region, Region? before, CancellationToken ct)
    {
        var address = arm.Address(
            $"{arm.Scope.SubscriptionPath}/providers/Microsoft.Compute/skus",
            ApiVersion,
            $"$filter={Uri.EscapeDataString($"location eq '{region}'")}");
        var read = await arm.ListAsync(address, ArmFamily.Lists, ArmJson.Default.WirePageWireSize, ct);
        if (read.Value is null)
        {
            // What was known before stays true for longer than a day.
            var problem = $"Azure {read.Answer.Describe()} when asked for the sizes of region '{region}'."
                + (read.Answer is ArmAnswer.Refused { Status: HttpStatusCode.Forbidden } ? " Grant the permission Microsoft.Compute/skus/read." : "");
            return new Region(before?.Sizes ?? FrozenDictionary<string, AzureSize>.Empty, problem, time.GetTimestamp());
        }

        var sizes = new Dictionary<string, AzureSize>(StringComparer.OrdinalIgnoreCase);
        foreach (var wire in read.Value)
        {
            if ("virtualMachines".Equals(wire.ResourceType, StringComparison.OrdinalIgnoreCase) && From(wire) is { } size)
            {
                sizes[size.Machine.Name] = size;
            }
        }

        return new Region(sizes.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase), "", time.GetTimestamp());
    }

    /// <summary>Null for what has no cores or memory.</summary>
    internal static AzureSize? From(WireSize wire)
    {
        var capabilities = (wire.Capabilities ?? []).OfType<WireCapability>()
            .Where(c => c.Name is not null)
            .ToLookup(c => c.Name!, c => c.Value, StringComparer.OrdinalIgnoreCase);

        // All values are strings. Fractions exist: 0.5 GB of memory, a part of a GPU.
        double Number(string name) =>
            double.TryParse(capabilities[name].FirstOrDefault(), NumberStyles.Float, CultureInfo.InvariantCulture, out var n) && n is > 0 and < 1e6 ? n : 0;

        var cores = (int)Number("vCPUs");
        var memory = (long)(Number("MemoryGB") * (1L << 30));
        if (wire.Name is null || cores == 0 || memory == 0)
        {
            return null;
        }

        var size = new MachineSize(wire.Name, Number("vCPUsAvailable") is > 0 and var seen ? (int)seen : cores, memory)
        {
            Gpus = (int)Math.Ceiling(Number("GPUs")),
            GpuResource = IsAmd(wire.Name) ? "amd.com/gpu" : "nvidia.com/gpu",
            Architecture = "Arm64".Equals(capabilities["CpuArchitectureType"].FirstOrDefault(), StringComparison.OrdinalIgnoreCase) ? "arm64" : "amd64",
        };

        // A restriction by zone leaves the others; one by location leaves nothing.
        var offered = !(wire.Restrictions ?? []).Any(r => "Location".Equals(r?.Type, StringComparison.OrdinalIgnoreCase));
        return new AzureSize(size, wire.Family ?? "", cores, offered);
    }

    // The two series with AMD's GPUs.
    private static bool IsAmd(string size) =>
        size.Contains("_V620", StringComparison.OrdinalIgnoreCase)
        || (size.StartsWith("Standard_NV", StringComparison.OrdinalIgnoreCase) && size.EndsWith("as_v4", StringComparison.OrdinalIgnoreCase));

    private sealed record Region(FrozenDictionary<string, AzureSize> Sizes, string Problem, long At);
}
