using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Views;

/// <summary>What a pod asks for, or what a node has: CPU in millicores, memory and disk in bytes, all else in units.</summary>
internal sealed record Amounts(long CpuMilli, long MemoryBytes, long DiskBytes, ImmutableArray<(string Name, long Units)> Others)
{
    public static readonly Amounts None = new(0, 0, 0, []);

    public bool IsNone => CpuMilli == 0 && MemoryBytes == 0 && DiskBytes == 0 && Others.IsEmpty;

    public long Other(string name)
    {
        foreach (var (other, units) in Others)
        {
            if (other == name)
            {
                return units;
            }
        }

        return 0;
    }

    public Amounts Plus(Amounts more) => Combine(this, more, static (a, b) => a + b);

    public Amounts Max(Amounts other) => Combine(this, other, Math.Max);

    /// <summary>Reads a resource list; <c>pods</c> is left to the caller.</summary>
    public static Amounts Read(JsonNode? list)
    {
        if (list is not JsonObject { Count: > 0 } json)
        {
            return None;
        }

        long cpu = 0, memory = 0, disk = 0;
        ImmutableArray<(string, long)>.Builder? others = null;
        foreach (var (name, value) in json)
        {
            var text = Quantity.TextOf(value);
            switch (name)
            {
                case "cpu":
                    cpu = Quantity.Milli(text) ?? 0;
                    break;
                case "memory":
                    memory = Quantity.Units(text) ?? 0;
                    break;
                case "ephemeral-storage":
                    disk = Quantity.Units(text) ?? 0;
                    break;
                case "pods":
                    break;
                default:
                    if (Quantity.Units(text) is { } units and not 0)
                    {
                        (others ??= ImmutableArray.CreateBuilder<(string, long)>()).Add((name, units));
                    }

                    break;
            }
        }

        return new Amounts(cpu, memory, disk, others?.ToImmutable() ?? []);
    }

    private static Amounts Combine(Amounts a, Amounts b, Func<long, long, long> combine)
    {
        var others = a.Others;
        if (!b.Others.IsEmpty || !a.Others.IsEmpty)
        {
            var names = a.Others.Select(o => o.Name).Union(b.Others.Select(o => o.Name));
            others = [.. names.Select(name => (name, combine(a.Other(name), b.Other(name))))];
        }

        return new Amounts(
            combine(a.CpuMilli, b.CpuMilli),
            combine(a.MemoryBytes, b.MemoryBytes),
            combine(a.DiskBytes, b.DiskBytes),
            others);
    }
}
