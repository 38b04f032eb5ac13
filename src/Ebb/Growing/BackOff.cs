using Ebb.Planning;
using Ebb.Pools;

namespace Ebb.Growing;

/// <summary>Pools whose growth failed are left in peace for a while, longer each time, and trusted again after a success.</summary>
internal static class BackOff
{
    /// <summary>A machine that never joins is a failure of its pool too, but one alone may be bad luck.</summary>
    public const string NeverJoined = "NeverJoined";

    /// <summary>The cloud accepted and then neither delivered nor complained.</summary>
    public const string NeverCame = "NeverCame";

    /// <summary>Reads what is remembered of the pool and adds what the cloud has reported since.</summary>
    /// <returns>Whether it has reported a failure since.</returns>
    public static bool Apply(Draft draft, PoolStanding pool)
    {
        var key = Notes.BackOff(pool.Name);
        pool.BackOff = Notes.ReadBackOff(draft.Snapshot.Notes.GetValueOrDefault(key));
        var failures = pool.View.Failures.Where(failure => pool.BackOff is not { } note || failure.At > note.At).ToList();
        if (failures.Count > 0)
        {
            // However many machines one request failed for, it was one try.
            var last = failures.MaxBy(failure => failure.At)!;
            Failed(draft, pool, last.Code, last.At);
            return true;
        }

        if (pool.BackOff is { } note && Succeeded(pool, note, draft.Now, draft.Policy))
        {
            pool.BackOff = null;
            draft.Remember(key, null, $"pool {pool.Name} grows again");
        }
        else if (pool.BackOff is { Until: var until })
        {
            draft.LookAgain(until);
        }

        return false;
    }

    public static void Failed(Draft draft, PoolStanding pool, string code, DateTimeOffset at)
    {
        var count = (pool.BackOff?.Count ?? 0) + 1;
        var step = code == NeverJoined ? count - 2 : count - 1;
        var wait = step < 0
            ? TimeSpan.Zero
            : TimeSpan.FromTicks(Math.Min(draft.Policy.BackOffMost.Ticks, draft.Policy.BackOffFirst.Ticks << Math.Min(step, 12)));
        pool.BackOff = new BackOffNote(count, at, at + wait, code.Replace('|', ' '));
        draft.Remember(Notes.BackOff(pool.Name), Notes.Write(pool.BackOff), $"growth of pool {pool.Name} failed: {code}");
        draft.LookAgain(pool.BackOff.Until);
    }

    /// <summary>Whether what was due then has not been counted: however often a machine is looked at until it is gone, it is one failure.</summary>
    public static bool IsNew(PoolStanding pool, DateTimeOffset due) => pool.BackOff is not { } note || note.At < due;

    public static bool MayGrow(Draft draft, PoolStanding pool) =>
        pool.Sound && (pool.BackOff is not { } note || note.Until <= draft.Now);

    private static bool Succeeded(PoolStanding pool, BackOffNote note, DateTimeOffset now, Policy policy) =>
        now > note.Until + (4 * policy.BackOffMost)
        || pool.Nodes.Any(node => node.Node.Ready && node.Machine is { State: MachineState.Running } machine
            && (machine.CreatedAt ?? node.Node.CreatedAt) > note.At);
}
