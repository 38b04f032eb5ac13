using Ebb.Growing;
using Ebb.Planning;
using Ebb.Scheduling;

namespace Ebb.Shrinking;

/// <summary>Tries whether the work of nodes would fit on the others that stay, one node after the other.</summary>
internal sealed class Elsewhere
{
    private readonly Dimensions _dimensions;
    private readonly List<Room> _rooms;

    /// <summary>Rooms that hold work of nodes moved before: to empty one of those too would move that work into nothing.</summary>
    private readonly HashSet<Room> _given = [];
    private readonly Dictionary<PodClass, (long[] Need, int From)> _classes = [];
    private readonly List<(Room Room, long[] Need, int Count)> _put = [];
    private readonly List<(PodClass Class, int From)> _moved = [];
    private bool _sorted;

    /// <summary>Idle nodes are no place to go: to fill one for another frees nothing.</summary>
    public Elsewhere(Placement placement, Dimensions dimensions)
    {
        _dimensions = dimensions;
        _rooms = [.. placement.Ready.Where(room => room.Of is Standing { Idle: false, Retires: false, Node.Cordoned: false })];
    }

    /// <summary>
    /// Puts the node's work on the others and keeps it there; or says no and leaves all as it was. With
    /// <paramref name="clearly"/> a quarter more has to fit, so that what is decided now still holds in a minute.
    /// </summary>
    public bool Move(Standing node, bool clearly)
    {
        Sort();
        var room = node.Room;
        if (room is not null && _given.Contains(room))
        {
            return false;
        }

        var wasClosed = room?.Closed ?? true;
        if (room is not null)
        {
            room.Closed = true;
        }

        _put.Clear();
        _moved.Clear();
        foreach (var (kind, count) in node.Load.WorkByClass)
        {
            if (!Put(kind, clearly ? count + ((count + 3) / 4) : count))
            {
                Undo();
                if (room is not null)
                {
                    room.Closed = wasClosed;
                }

                return false;
            }
        }

        foreach (var put in _put)
        {
            _given.Add(put.Room);
        }

        return true;
    }

    /// <summary>Whether some node that stays has a quarter of itself free.</summary>
    public bool HasRoomToSpare() => _rooms.Exists(static room =>
        !room.Closed && room.Of is Standing { Node.Shape.Allocatable: var has }
        && room.Free[0] * 4 >= has.CpuMilli && room.Free[1] * 4 >= has.MemoryBytes && room.Free[3] > 0);

    /// <summary>The fullest first, so that the emptiest are left to be emptied; those that are to go anyway last.</summary>
    private void Sort()
    {
        if (_sorted)
        {
            return;
        }

        _sorted = true;
        _rooms.Sort(static (a, b) =>
        {
            var (one, other) = ((Standing)a.Of!, (Standing)b.Of!);
            var marked = (one.Retiring is not null).CompareTo(other.Retiring is not null);
            return marked != 0 ? marked
                : one.UsedShare != other.UsedShare ? other.UsedShare.CompareTo(one.UsedShare)
                : string.CompareOrdinal(one.Node.Name, other.Node.Name);
        });
    }

    private bool Put(PodClass kind, int count)
    {
        if (!_classes.TryGetValue(kind, out var known))
        {
            known = (_dimensions.Row(kind.Requests), 0);
        }

        _moved.Add((kind, known.From));
        var portsOnce = kind.HostPorts.Length > 0;
        for (var i = known.From; i < _rooms.Count && count > 0; i++)
        {
            var room = _rooms[i];
            if (room.Closed)
            {
                continue;
            }

            var times = Dimensions.Times(known.Need, room.Free, portsOnce ? 1 : count);
            if (times > 0 && room.Fit(kind) == Causes.None && room.PortsFree(kind))
            {
                Dimensions.Subtract(room.Free, known.Need, times);
                _put.Add((room, known.Need, times));
                count -= times;
            }

            // Rooms only fill: what has no place for one more of this class need not be asked again.
            if (count > 0 && !portsOnce)
            {
                known.From = i + 1;
            }
        }

        _classes[kind] = known;
        return count == 0;
    }

    private void Undo()
    {
        foreach (var (room, need, count) in _put)
        {
            Dimensions.Subtract(room.Free, need, -count);
        }

        foreach (var (kind, from) in _moved)
        {
            _classes[kind] = (_classes[kind].Need, from);
        }
    }
}
