using System.Globalization;
using Ebb.Clouds;
using Ebb.Planning;

namespace Ebb.Growing;

/// <summary>Machines that a cloud has promised and will not deliver. It counts them in a pool's capacity all the same, for as long as nobody lowers that.</summary>
public static class Undelivered
{
    /// <summary>How many of them a pool has, as its controller has found out and written down.</summary>
    public static int Of(Snapshot snapshot, PoolView pool) =>
        Math.Min(Promised(pool), int.TryParse(snapshot.Notes.GetValueOrDefault(Notes.Missing(pool.Pool.Name)), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0);

    /// <summary>Those that the cloud does not list, yet or ever.</summary>
    internal static int Promised(PoolView pool) => Math.Max(0, pool.Capacity - pool.Machines.Length);
}
