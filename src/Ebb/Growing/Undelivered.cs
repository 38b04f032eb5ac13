using System.Globalization;
using Ebb.Clouds;
using Ebb.Planning;
using Ebb.Pools;

namespace Ebb.Growing;

/// <summary>Machines that a cloud has promised and will not deliver. It counts them in a pool's capacity all the same, for as long as nobody lowers that.</summary>
public static class Undelivered
{
    /// <summary>How many of them a pool has, as its controller has found out and written down.</summary>
    public static int Of(Snapshot snapshot, PoolView pool) =>
        Math.Min(Promised(pool), int.TryParse(snapshot.Notes.GetValueOrDefault(Notes.Missing(pool.Pool.Name)), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0);

    /// <summary>Those that the cloud does not list, yet or ever.</summary>
    internal static int Promised(PoolView pool) => Math.Max(0, pool.Capacity - Counted(pool));

    /// <summary>Machines of the list that are in the capacity: a deletion lowers it as soon as it is accepted, and those stay listed until they are gone.</summary>
    internal static int Counted(PoolView pool) => pool.Machines.Count(machine => machine.State is not MachineState.Deleting);
}
