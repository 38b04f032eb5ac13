using System.Collections.Immutable;

namespace Ebb.Sandbox.Cloud;

/// <summary>
/// What is announced to machines that hear of each other's events: those of a scale set, or of an availability set, or one
/// machine that stands alone. Used under the agenda's gate.
/// </summary>
internal sealed class EventScope(Agenda agenda, Func<string> newId)
{
    private readonly List<ScheduledEvent> _events = [];
    private int _incarnation = 1;

    public ScheduledEvents Current => new(_incarnation, [.. _events]);

    /// <summary>Whether something is announced to a machine, by its name.</summary>
    public bool Announced(string machine) => _events.Exists(e => e.Resources.Contains(machine));

    /// <summary>
    /// Announces an impact. It comes when all notices of its batch have begun: acknowledged, or their time is up. Until
    /// <paramref name="impact"/> says that it is over, the event is shown as started.
    /// </summary>
    /// <param name="impact">Is given what to call when it is over.</param>
    /// <returns>The event's id.</returns>
    public string Announce(ScheduledEvent announced, TimeSpan notice, NoticeBatch batch, Action<Action> impact)
    {
        var id = newId().ToUpperInvariant();
        Agenda.Entry? due = null;
        _events.Add(announced with { Id = id, NotBefore = agenda.Now + notice, Begin = Begin, Void = Void });
        _incarnation++;
        batch.Impacts.Add(Happen);
        batch.Waiting++;
        due = agenda.In(notice, Begin);
        return id;

        void Begin()
        {
            var at = _events.FindIndex(e => e.Id == id);
            if (at < 0 || _events[at].NotBefore is null)
            {
                return;
            }

            due?.Cancel();
            _events[at] = _events[at] with { NotBefore = null };
            _incarnation++;
            Ready();
        }

        // What is called off has no impact, and holds up nobody.
        void Void()
        {
            var at = _events.FindIndex(e => e.Id == id);
            if (at >= 0 && _events[at].NotBefore is not null)
            {
                due?.Cancel();
                batch.Impacts.Remove(Happen);
                End();
                Ready();
            }
        }

        void Ready()
        {
            if (--batch.Waiting == 0)
            {
                foreach (var happen in batch.Impacts.ToImmutableArray())
                {
                    happen();
                }
            }
        }

        void Happen() => impact(End);

        void End()
        {
            if (_events.RemoveAll(e => e.Id == id) > 0)
            {
                _incarnation++;
            }
        }
    }

    /// <summary>A machine agrees that an event may begin now; false when there is no such event any more.</summary>
    public bool Acknowledge(string id)
    {
        var found = Find(id);
        found?.Begin();
        return found is not null;
    }

    /// <summary>Calls off what has not begun; false when there is no such event any more.</summary>
    public bool Cancel(string id)
    {
        var found = Find(id);
        found?.Void();
        return found is not null;
    }

    private ScheduledEvent? Find(string id) => _events.Find(e => e.Id.Equals(id, StringComparison.OrdinalIgnoreCase));
}

/// <summary>Notices whose impact comes at one time: those of one delete.</summary>
internal sealed class NoticeBatch
{
    public List<Action> Impacts { get; } = [];

    /// <summary>Notices that have not begun.</summary>
    public int Waiting { get; set; }
}

/// <param name="Incarnation">Rises whenever <paramref name="Events"/> changes.</param>
public sealed record ScheduledEvents(int Incarnation, ImmutableArray<ScheduledEvent> Events);

/// <summary>Something that will be done to machines, as they are told of it.</summary>
public sealed record ScheduledEvent
{
    public string Id { get; init; } = "";

    /// <summary>Freeze, Reboot, Redeploy, Preempt or Terminate.</summary>
    public required string Type { get; init; }

    /// <summary>The machines' names, not their host names.</summary>
    public required ImmutableArray<string> Resources { get; init; }

    /// <summary>Null once it has started.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Platform or User.</summary>
    public required string Source { get; init; }

    public required string Description { get; init; }

    /// <summary>How long the machines will be interrupted, where that is known.</summary>
    public TimeSpan? Duration { get; init; }

    internal Action Begin { get; init; } = () => { };

    internal Action Void { get; init; } = () => { };
}
