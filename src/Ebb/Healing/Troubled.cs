using Ebb.Planning;
using Ebb.Pools;

namespace Ebb.Healing;

/// <summary>Since when machines of one pool are in a state that must not last, kept in one note for each pool.</summary>
internal sealed class Troubled
{
    private readonly Draft _draft;
    private readonly PoolStanding _pool;
    private readonly Dictionary<string, DateTimeOffset> _before = [];
    private readonly SortedDictionary<string, DateTimeOffset> _now = new(StringComparer.Ordinal);

    public Troubled(Draft draft, PoolStanding pool)
    {
        (_draft, _pool) = (draft, pool);
        foreach (var entry in draft.Snapshot.Notes.GetValueOrDefault(Notes.Troubled(pool.Name))?.Split(';') ?? [])
        {
            var at = entry.IndexOf('=', StringComparison.Ordinal);
            if (at > 0 && Notes.ReadTime(entry[(at + 1)..]) is { } since)
            {
                _before[entry[..at]] = since;
            }
        }
    }

    /// <summary>When this machine was first seen as it is now.</summary>
    public DateTimeOffset Since(Machine machine)
    {
        var key = Key(machine);
        return _now[key] = _before.TryGetValue(key, out var since) ? since : _draft.Now;
    }

    public void StartOver(Machine machine) => _now[Key(machine)] = _draft.Now;

    public void Remember() => _draft.Remember(
        Notes.Troubled(_pool.Name),
        _now.Count == 0 ? null : string.Join(';', _now.Select(entry => $"{entry.Key}={Notes.Write(entry.Value)}")),
        $"machines of pool {_pool.Name} that may be stuck");

    private static string Key(Machine machine) => $"{machine.Id}:{machine.State}";
}
