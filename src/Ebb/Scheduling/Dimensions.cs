using Ebb.Pools;

namespace Ebb.Scheduling;

/// <summary>Turns amounts into plain rows of numbers, one place for each resource that any pod in question asks for.</summary>
/// <remarks>A resource that none asks for has no place: no pod can fail for lack of it.</remarks>
internal sealed class Dimensions
{
    private const int Plain = 4;
    private readonly Dictionary<string, int> _extended = new(StringComparer.Ordinal);

    public int Count => Plain + _extended.Count;

    public IEnumerable<string> Extended => _extended.Keys;

    public void Include(Resources asked)
    {
        foreach (var name in asked.Extended.Keys)
        {
            Include(name);
        }
    }

    public void Include(string extended) => _extended.TryAdd(extended, Plain + _extended.Count);

    public long[] Row(Resources amounts)
    {
        var row = new long[Count];
        row[0] = amounts.CpuMilli;
        row[1] = amounts.MemoryBytes;
        row[2] = amounts.EphemeralStorageBytes;
        row[3] = amounts.Pods;
        foreach (var (name, place) in _extended)
        {
            row[place] = amounts.Extended.GetValueOrDefault(name);
        }

        return row;
    }

    /// <summary>What a node has left.</summary>
    public long[] Free(Node node)
    {
        var row = Row(node.Shape.Allocatable);
        var load = node.Load;
        row[0] -= load.CpuMilli;
        row[1] -= load.MemoryBytes;
        row[2] -= load.EphemeralStorageBytes;
        row[3] -= load.Pods;
        if (load.Extended is { } used)
        {
            foreach (var (name, place) in _extended)
            {
                row[place] -= used.GetValueOrDefault(name);
            }
        }

        return row;
    }

    /// <summary>How many times <paramref name="asked"/> fits into <paramref name="free"/>, at most <paramref name="most"/>.</summary>
    public static int Times(ReadOnlySpan<long> asked, ReadOnlySpan<long> free, int most)
    {
        long times = most;
        for (var i = 0; i < asked.Length; i++)
        {
            if (asked[i] > 0)
            {
                if (asked[i] > free[i])
                {
                    return 0;
                }

                times = Math.Min(times, free[i] / asked[i]);
            }
        }

        return (int)times;
    }

    public static void Subtract(Span<long> from, ReadOnlySpan<long> what, long times)
    {
        for (var i = 0; i < from.Length; i++)
        {
            from[i] -= what[i] * times;
        }
    }
}
