namespace Ebb.Clouds.Azure;

/// <summary>Calls that Azure counts together. While one kind is throttled, the others go on.</summary>
internal enum ArmFamily
{
    /// <summary>Cheap reads: scale sets, sizes, usages.</summary>
    Lists,

    /// <summary>Dear reads: instances with their view.</summary>
    Instances,

    /// <summary>Polling of operations.</summary>
    Operations,

    Writes,

    /// <summary>
    /// What is written to one machine of a scale set, and what is read of it for that. Azure counts the writes apart, and takes few: they
    /// are not to keep a pool from growing, nor its machines from being listed.
    /// </summary>
    SingleMachines,

    /// <summary>Deletes, and what Azure counts with them: power off and deallocate.</summary>
    Deletes,
}

/// <summary>Remembers until when which family is not to be called: a call made sooner is refused and makes the wait longer.</summary>
internal sealed class ArmThrottle(TimeProvider time)
{
    // What to wait when Azure says "too many" but not how long: its own clients' default.
    public static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(30);

    // Azure has been seen to ask for 20 min; what is far beyond that is a slip and must not silence us for a day.
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<ArmFamily, (long At, TimeSpan Wait)> _closed = [];

    /// <summary>How long this family has to wait still; null: not at all.</summary>
    public TimeSpan? Left(ArmFamily family)
    {
        lock (_lock)
        {
            return _closed.TryGetValue(family, out var closed) && closed.Wait - time.GetElapsedTime(closed.At) is var left && left > TimeSpan.Zero
                ? left
                : null;
        }
    }

    /// <param name="allOfItsKind">The limit is the subscription's: it holds for all reads, or for all writes.</param>
    /// <returns>The wait that now holds.</returns>
    public TimeSpan Close(ArmFamily family, TimeSpan? wait, bool allOfItsKind)
    {
        var until = wait is { } w ? TimeSpan.FromTicks(Math.Clamp(w.Ticks, TimeSpan.TicksPerSecond, LongestWait.Ticks)) : DefaultWait;
        lock (_lock)
        {
            ReadOnlySpan<ArmFamily> families = (allOfItsKind, family) switch
            {
                (true, ArmFamily.Lists or ArmFamily.Instances or ArmFamily.Operations) => [ArmFamily.Lists, ArmFamily.Instances, ArmFamily.Operations],
                (true, ArmFamily.Writes or ArmFamily.SingleMachines or ArmFamily.Deletes) => [ArmFamily.Writes, ArmFamily.SingleMachines, ArmFamily.Deletes],
                _ => [family],
            };
            foreach (var each in families)
            {
                _closed[each] = (time.GetTimestamp(), until);
            }
        }

        return until;
    }
}
