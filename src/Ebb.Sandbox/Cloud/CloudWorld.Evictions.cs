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
            return _sets.GetValueOrDefault(Key(group, name))?.Events.Current;
        }
    }

    /// <summary>A machine agrees that an event may begin now; false when there is no such event any more.</summary>
    public bool Acknowledge(string group, string name, string eventId)
    {
        lock (_agenda.Gate)
        {
            return _sets.GetValueOrDefault(Key(group, name))?.Events.Acknowledge(eventId) ?? false;
        }
    }

    private void Evict(SetState state, Instance instance)
    {
        instance = Replace(state, instance with { Evicting = true });
        var preempt = new ScheduledEvent
        {
            Type = "Preempt",
            Resources = [instance.Name],
            Source = "Platform",
            Description = "The virtual machine is about to be evicted.",
        };
        state.Events.Announce(preempt, _options.PreemptNotice, new NoticeBatch(), over =>
        {
            over();
            Preempt(state, instance.Number);
        });
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
