using System.Collections.Immutable;

namespace Ebb.Sandbox.Cloud;

// What the cloud announces to machines before it takes them: spot evictions, terminations.
public sealed partial class CloudWorld
{
    /// <summary>Evicts one running spot machine: a notice, then the cut.</summary>
    public Outcome<Instance> SimulateEviction(string group, string name, string id) => Call<Instance>(CallKind.SimulateEviction, name, () =>
    {
        var found = Select(group, name, [id], all: false);
        if (!found.Ok)
        {
            return found.Error;
        }

        var instance = found.Value[0];
        if (instance.Priority != Priority.Spot || instance.Power != PowerState.Running || !instance.Counts)
        {
            return CloudErrors.NotSpot(instance.Name);
        }

        if (!instance.Evicting)
        {
            Evict(_sets[Key(group, name)], instance);
        }

        return instance;
    });

    /// <summary>What is announced to the machines of a set; null when there is no such set.</summary>
    public ScheduledEvents? EventsOf(string group, string name)
    {
        lock (_agenda.Gate)
        {
            return _sets.TryGetValue(Key(group, name), out var state)
                ? new ScheduledEvents(state.EventsIncarnation, [.. state.Events])
                : null;
        }
    }

    /// <summary>A machine agrees that an event may begin now; false when there is no such event any more.</summary>
    public bool Acknowledge(string group, string name, string eventId)
    {
        lock (_agenda.Gate)
        {
            var found = _sets.GetValueOrDefault(Key(group, name))?.Events
                .Find(e => e.Id.Equals(eventId, StringComparison.OrdinalIgnoreCase));
            found?.Begin();
            return found is not null;
        }
    }

    /// <summary>Notices whose impact comes at one time: those of one delete.</summary>
    private sealed class Batch
    {
        public List<(string EventId, Action Impact)> Impacts { get; } = [];

        /// <summary>Notices that have not begun.</summary>
        public int Waiting { get; set; }
    }

    private void Evict(SetState state, Instance instance)
    {
        instance = Replace(state, instance with { Evicting = true });
        Announce(state, instance, "Preempt", _options.PreemptNotice, "Platform", new Batch(), () => Preempt(state, instance.Number));
        Raise(InstanceEvent.PreemptNotice, instance, _options.PreemptNotice);
    }

    private void Preempt(SetState state, int number)
    {
        // It may have been deleted or stopped since the notice.
        if (!state.Current.Instances.TryGetValue(number, out var instance) || !instance.Counts || instance.Power != PowerState.Running)
        {
            if (instance is not null)
            {
                Replace(state, instance with { Evicting = false });
            }

            return;
        }

        instance = Order(state, instance);
        if (state.Current.Spec.EvictionPolicy == EvictionPolicy.Delete)
        {
            Change(state, s => s with { Capacity = Math.Max(0, s.Capacity - 1), ETag = s.ETag + 1 });
            instance = Replace(state, instance with { Provisioning = ProvisioningState.Deleting });
            Remove(state, instance.Number, force: true);
            return;
        }

        instance = PowerDown(state, instance, TimeSpan.Zero, PowerState.Deallocating, PowerState.Deallocated);
        Replace(state, instance with { Provisioning = ProvisioningState.Succeeded, Evicting = false });
    }

    /// <summary>
    /// Announces an impact to the set's machines. It comes when all notices of its batch have begun: acknowledged, or their
    /// time is up.
    /// </summary>
    private void Announce(SetState state, Instance instance, string type, TimeSpan notice, string source, Batch batch, Action impact)
    {
        var id = NewGuid().ToUpperInvariant();
        Agenda.Entry? due = null;
        state.Events.Add(new ScheduledEvent(id, type, instance.Name, Now + notice, source) { Begin = Begin });
        state.EventsIncarnation++;
        batch.Impacts.Add((id, impact));
        batch.Waiting++;
        due = _agenda.In(notice, Begin);

        void Begin()
        {
            var at = state.Events.FindIndex(e => e.Id == id);
            if (at < 0 || state.Events[at].NotBefore is null)
            {
                return;
            }

            due?.Cancel();
            state.Events[at] = state.Events[at] with { NotBefore = null };
            state.EventsIncarnation++;
            if (--batch.Waiting > 0)
            {
                return;
            }

            foreach (var (began, happen) in batch.Impacts)
            {
                state.Events.RemoveAll(e => e.Id == began);
                state.EventsIncarnation++;
                happen();
            }
        }
    }

    /// <summary>Chance evictions come at a rate: the wait until one is drawn when the machine starts.</summary>
    private void PlanEviction(SetState state, Instance instance)
    {
        if (instance.Priority != Priority.Spot || _options.SpotEvictionsPerHour <= 0)
        {
            return;
        }

        var hours = -Math.Log(1 - _random.NextDouble()) / _options.SpotEvictionsPerHour;
        After(state, instance, TimeSpan.FromHours(Math.Min(hours, 10_000)), i =>
        {
            if (i is { Power: PowerState.Running, Evicting: false, Counts: true })
            {
                Evict(state, i);
            }
        });
    }
}

/// <param name="Incarnation">Rises whenever <paramref name="Events"/> changes.</param>
public sealed record ScheduledEvents(int Incarnation, ImmutableArray<ScheduledEvent> Events);

/// <param name="Resource">The instance's name, not its host name.</param>
/// <param name="NotBefore">Null once it has started.</param>
/// <param name="Source">Platform or User.</param>
public sealed record ScheduledEvent(string Id, string Type, string Resource, DateTimeOffset? NotBefore, string Source)
{
    internal Action Begin { get; set; } = () => { };
}
