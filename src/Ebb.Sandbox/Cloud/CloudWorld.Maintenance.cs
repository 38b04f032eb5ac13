namespace Ebb.Sandbox.Cloud;

// What is done to hosts, and felt by the machines on them.
public sealed partial class CloudWorld
{
    /// <summary>Announces maintenance to running machines of a set, which all feel it at one time.</summary>
    /// <param name="ids">Null for all.</param>
    /// <param name="notice">How long before it is announced; null for the least that the cloud promises.</param>
    /// <returns>The id of the event.</returns>
    public Outcome<string> Maintain(string group, string name, IReadOnlyList<string>? ids, Maintenance kind, TimeSpan? notice = null)
    {
        lock (_agenda.Gate)
        {
            var found = Select(group, name, ids, all: true);
            if (!found.Ok)
            {
                return found.Error;
            }

            var running = found.Value.Where(i => i is { Power: PowerState.Running, Counts: true }).ToList();
            return running.Count > 0
                ? Maintain(_sets[Key(group, name)], running, kind, notice ?? _options.NoticeOf(kind))
                : new CloudError(409, "OperationNotAllowed", $"Of '{name}' none of these machines is running.");
        }
    }

    /// <summary>Calls off maintenance that has not begun; false when there is no such event any more.</summary>
    public bool CallOff(string group, string name, string eventId)
    {
        lock (_agenda.Gate)
        {
            return _sets.GetValueOrDefault(Key(group, name))?.Events.Cancel(eventId) ?? false;
        }
    }

    private string Maintain(SetState state, List<Instance> machines, Maintenance kind, TimeSpan notice)
    {
        var announced = new ScheduledEvent
        {
            Type = $"{kind}",
            Resources = [.. machines.Select(i => i.Name)],
            Source = "Platform",
            Description = kind switch
            {
                Maintenance.Freeze => "The virtual machine is paused while its host is updated.",
                Maintenance.Reboot => "The virtual machine is started anew, since its host is.",
                _ => "The virtual machine is moved to another host.",
            },
            Duration = kind is Maintenance.Freeze ? _options.FreezeSpan : null,
        };
        return state.Events.Announce(announced, notice, new NoticeBatch(), over =>
        {
            if (kind is not Maintenance.Freeze)
            {
                foreach (var machine in machines)
                {
                    Disturb(state, machine.Number, kind);
                }
            }

            // Frozen machines notice nothing but the gap; the others are shown as started until they could be up again.
            _agenda.In(kind is Maintenance.Freeze ? _options.FreezeSpan : _options.Create.Max + _options.Boot.Max, over);
        });
    }

    private void Disturb(SetState state, int number, Maintenance kind)
    {
        // It may have been deleted or stopped since the notice.
        if (!state.Current.Instances.TryGetValue(number, out var instance) || instance is not { Power: PowerState.Running, Counts: true })
        {
            return;
        }

        var restart = new Work(new Operation { Id = NewGuid(), Call = CallKind.Restart, Target = state.Key, StartedAt = Now }, null);
        Restart(state, instance, restart, reimage: kind is Maintenance.Redeploy && state.Current.Spec.EphemeralDisk);
        Seal(restart, TimeSpan.Zero);
    }

    /// <summary>Chance maintenance comes at a rate, as evictions do.</summary>
    private void PlanMaintenance(SetState state, Instance instance)
    {
        if (_options.MaintenancePerHour <= 0)
        {
            return;
        }

        var hours = -Math.Log(1 - _random.NextDouble()) / _options.MaintenancePerHour;
        var kind = (Maintenance)_random.Next(3);
        After(state, instance, TimeSpan.FromHours(Math.Min(hours, 10_000)), i =>
        {
            if (i is { Power: PowerState.Running, Evicting: false, Counts: true })
            {
                Maintain(state, [i], kind, _options.NoticeOf(kind));
            }
        });
    }
}

/// <summary>What the cloud's own work does to machines.</summary>
public enum Maintenance
{
    /// <summary>Paused for seconds; nothing is lost.</summary>
    Freeze,

    /// <summary>Started anew: memory is lost.</summary>
    Reboot,

    /// <summary>Started anew on another host: memory and disks of the host are lost.</summary>
    Redeploy,
}
