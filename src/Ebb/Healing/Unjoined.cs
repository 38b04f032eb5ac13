using Ebb.Planning;
using Ebb.Pools;

namespace Ebb.Healing;

/// <summary>
/// Since when machines of one pool are without a node, kept in one note for each pool. When a machine was made says nothing of that:
/// one that is reimaged ceases to be a node for as long as it takes to join again, however old it is.
/// </summary>
internal sealed class Unjoined
{
    private readonly Draft _draft;
    private readonly PoolStanding _pool;
    private readonly Dictionary<string, DateTimeOffset> _before = [];

    // Machines that are bought together are seen together: one time for all of them keeps the note short.
    private readonly SortedDictionary<DateTimeOffset, SortedSet<string>> _now = [];

    public Unjoined(Draft draft, PoolStanding pool)
    {
        (_draft, _pool) = (draft, pool);
        foreach (var entry in draft.Snapshot.Notes.GetValueOrDefault(Notes.Unjoined(pool.Name))?.Split(';') ?? [])
        {
            if (entry.Split('=') is [var time, var machines] && Notes.ReadTime(time) is { } since)
            {
                foreach (var machine in machines.Split(','))
                {
                    _before[machine] = since;
                }
            }
        }
    }

    /// <summary>When it was first seen without a node, and was not one that is made anew under an old id.</summary>
    public DateTimeOffset Since(Machine machine)
    {
        var since = _before.TryGetValue(machine.Id, out var before) && !(before < machine.CreatedAt) ? before : _draft.Now;
        if (!_now.TryGetValue(since, out var machines))
        {
            _now[since] = machines = new SortedSet<string>(StringComparer.Ordinal);
        }

        machines.Add(machine.Id);
        return since;
    }

    public void Remember() => _draft.Remember(
        Notes.Unjoined(_pool.Name),
        _now.Count == 0 ? null : string.Join(';', _now.Select(entry => $"{Notes.Write(entry.Key)}={string.Join(',', entry.Value)}")),
        $"machines of pool {_pool.Name} that are to join");
}
