using Ebb.Planning;
using Ebb.Pools;

namespace Ebb.Healing;

/// <summary>
/// Since when machines of one pool are without a node, or without a ready one, kept in one note for each pool. When a machine was made
/// says nothing of that: one that is reimaged ceases to be a node for as long as it takes to join again, however old it is.
/// </summary>
internal sealed class FirstSeen
{
    private readonly Draft _draft;
    private readonly string _note;
    private readonly string _reason;
    private readonly Dictionary<string, DateTimeOffset> _before = [];
    private readonly HashSet<string> _over = [];

    // Machines that are bought together are seen together, and those that one outage strikes: one time for all of them keeps the note short.
    private readonly SortedDictionary<DateTimeOffset, SortedSet<string>> _now = [];

    private FirstSeen(Draft draft, PoolStanding pool, string note, string reason)
    {
        (_draft, _note, _reason) = (draft, note, reason);
        foreach (var entry in draft.Snapshot.Notes.GetValueOrDefault(note)?.Split(';') ?? [])
        {
            if (entry.Split('=') is [var time, var machines] && Notes.ReadTime(time) is { } since)
            {
                since = draft.UnseenSince is { } unseen ? Least(since + (draft.Now - unseen), draft.Now) : since;
                foreach (var machine in machines.Split(','))
                {
                    _before[machine] = since;
                }
            }
        }

        if (draft.UnseenSince is { } last)
        {
            foreach (var node in pool.Nodes)
            {
                if (!node.Node.Ready && node.Node.ReadyChangedAt > last && _before.Remove(node.Machine!.Id))
                {
                    _over.Add(node.Machine.Id);
                }
            }
        }
    }

    /// <summary>Those that have had no ready node yet.</summary>
    public static FirstSeen Unjoined(Draft draft, PoolStanding pool) =>
        new(draft, pool, Notes.Unjoined(pool.Name), $"machines of pool {pool.Name} that are to join");

    /// <summary>Those whose nodes were ready and are not.</summary>
    public static FirstSeen Unready(Draft draft, PoolStanding pool) =>
        new(draft, pool, Notes.Unready(pool.Name), $"machines of pool {pool.Name} whose nodes are not ready");

    /// <summary>When it was first seen so, by an earlier look; null for one that was not, and for one that is made anew under an old id.</summary>
    public DateTimeOffset? Before(Machine machine) =>
        _before.TryGetValue(machine.Id, out var before) && !(before < machine.CreatedAt) ? before : null;

    /// <summary>Its node has become another while nobody looked: it may have been ready in between, and what was noted before is over.</summary>
    public bool IsOver(Machine machine) => _over.Contains(machine.Id);

    /// <summary>When it was first seen so; noted down if that is now.</summary>
    public DateTimeOffset Since(Machine machine) => Note(machine, Before(machine) ?? _draft.Now);

    /// <summary>Its time begins anew, to the minute: whoever looks often need not write as often.</summary>
    public DateTimeOffset Anew(Machine machine) =>
        Note(machine, Before(machine) is { } before && _draft.Now - before < TimeSpan.FromMinutes(1) ? before : _draft.Now);

    public void Remember()
    {
        _draft.Remember(
            _note,
            _now.Count == 0 ? null : string.Join(';', _now.Select(entry => $"{Notes.Write(entry.Key)}={string.Join(',', entry.Value)}")),
            _reason);
        if (_now.Count > 0)
        {
            Looks.Remember(_draft);
        }
    }

    private DateTimeOffset Note(Machine machine, DateTimeOffset since)
    {
        if (!_now.TryGetValue(since, out var machines))
        {
            _now[since] = machines = new SortedSet<string>(StringComparer.Ordinal);
        }

        machines.Add(machine.Id);
        return since;
    }

    private static DateTimeOffset Least(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;
}
