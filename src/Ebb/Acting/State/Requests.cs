using System.Collections.Immutable;
using Ebb.Kubernetes.Objects;
using Ebb.Pools;

namespace Ebb.Acting.State;

/// <summary>Adds up what a pod asks for, as the scheduler does.</summary>
internal sealed class Requests
{
    // More than any machine has, and far from overflowing when thousands are added.
    private const long Huge = 1L << 52;

    private readonly SortedDictionary<string, long> _total = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _sidecars = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _startup = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _one = new(StringComparer.Ordinal);

    /// <summary>The total of the last <see cref="Of"/>: resource name to amount, CPU in thousandths.</summary>
    public IReadOnlyDictionary<string, long> Total => _total;

    /// <summary>
    /// The greater of what runs at the same time for good (containers and sidecars) and what any init container needs while
    /// the sidecars before it run already; amounts given for the whole pod take the place of the sum; overhead comes on top.
    /// </summary>
    public IReadOnlyDictionary<string, long> Of(V1PodSpec spec)
    {
        _total.Clear();
        _sidecars.Clear();
        _startup.Clear();
        foreach (var container in spec.InitContainers ?? [])
        {
            Read(container.Resources);
            if (container.RestartPolicy == "Always")
            {
                Add(_sidecars, _one);
                AtLeast(_startup, _sidecars, null);
            }
            else
            {
                AtLeast(_startup, _one, _sidecars);
            }
        }

        foreach (var container in spec.Containers ?? [])
        {
            Read(container.Resources);
            Add(_total, _one);
        }

        Add(_total, _sidecars);
        AtLeast(_total, _startup, null);
        foreach (var (name, amount) in spec.Resources?.Requests ?? ImmutableDictionary<string, string>.Empty)
        {
            if (name is "cpu" or "memory" || name.StartsWith("hugepages-", StringComparison.Ordinal))
            {
                _total[name] = Amount(name, amount);
            }
        }

        foreach (var (name, amount) in spec.Overhead ?? ImmutableDictionary<string, string>.Empty)
        {
            _total[name] = Math.Min(Huge, _total.GetValueOrDefault(name) + Amount(name, amount));
        }

        return _total;
    }

    public static Resources ToResources(IReadOnlyDictionary<string, long> amounts, int pods) => new()
    {
        CpuMilli = amounts.GetValueOrDefault("cpu"),
        MemoryBytes = amounts.GetValueOrDefault("memory"),
        EphemeralStorageBytes = amounts.GetValueOrDefault("ephemeral-storage"),
        Pods = pods,
        Extended = amounts.Where(amount => amount.Value > 0 && !IsPlain(amount.Key))
            .ToImmutableSortedDictionary(StringComparer.Ordinal),
    };

    /// <summary>What a node says it has.</summary>
    public static Resources ToResources(IReadOnlyDictionary<string, string>? amounts)
    {
        if (amounts is null)
        {
            return Resources.None;
        }

        var read = amounts.ToDictionary(amount => amount.Key, amount => Amount(amount.Key, amount.Value));
        return ToResources(read, (int)Math.Min(int.MaxValue, read.GetValueOrDefault("pods")));
    }

    private static bool IsPlain(string name) => name is "cpu" or "memory" or "ephemeral-storage" or "pods";

    private static long Amount(string name, string text)
    {
        var readable = name == "cpu" ? Quantity.TryMilli(text, out var amount) : Quantity.TryUnits(text, out amount);

        // The API server lets nothing unreadable through; what is too large for a number is too large for a machine.
        return readable ? Math.Min(amount, Huge) : text.StartsWith('-') ? 0 : Huge;
    }

    private static void Add(IDictionary<string, long> to, Dictionary<string, long> more)
    {
        foreach (var (name, amount) in more)
        {
            to.TryGetValue(name, out var before);
            to[name] = Math.Min(Huge, before + amount);
        }
    }

    private static void AtLeast(IDictionary<string, long> to, Dictionary<string, long> least, Dictionary<string, long>? plus)
    {
        foreach (var (name, amount) in least)
        {
            to.TryGetValue(name, out var before);
            to[name] = Math.Max(before, Math.Min(Huge, amount + (plus?.GetValueOrDefault(name) ?? 0)));
        }
    }

    /// <summary>A limit without a request is a request too.</summary>
    private void Read(V1ResourceRequirements? resources)
    {
        _one.Clear();
        foreach (var (name, amount) in resources?.Limits ?? ImmutableDictionary<string, string>.Empty)
        {
            _one[name] = Amount(name, amount);
        }

        foreach (var (name, amount) in resources?.Requests ?? ImmutableDictionary<string, string>.Empty)
        {
            _one[name] = Amount(name, amount);
        }
    }
}
