namespace Ebb.Sandbox.Cloud;

// How one instance goes from state to state. Each order voids what was due from the one before it.
public sealed partial class CloudWorld
{
    private Instance NewInstance(SetState state, string zone)
    {
        var set = state.Current;
        var number = set.NextNumber;
        var given = set.Spec.Address is { } own ? new GivenAddress(own.Address, own.Subnet) : TakeAddress?.Invoke(set) ?? new GivenAddress(NextAddress(), Instance.DefaultSubnet);
        return new Instance
        {
            SubscriptionId = set.SubscriptionId,
            Group = set.Group,
            Set = set.Name,
            Number = number,
            ComputerName = set.Standalone ? set.Spec.ComputerNamePrefix! : (set.Spec.ComputerNamePrefix ?? set.Name) + Instance.Base36(number),
            VmId = NewGuid(),
            Size = set.Size,
            Priority = set.Priority,
            Zone = zone,
            Address = given.Address,
            Subnet = given.Subnet,
            PublicAddress = given.Public,
            MacAddress = set.Spec.MacAddress ?? $"000D3A{_random.Next(0x1000000):X6}",
            CreatedAt = Now,
            FaultDomain = number % set.Spec.FaultDomains,
            ModelVersion = set.ModelVersion,
            Model = set.Model,
            Tags = set.Tags,
        };
    }

    // Machines of no particular network share 10.240.0.0/16. Addresses are handed out in turn, so that one that was just given up is not reused at once.
    private string NextAddress()
    {
        _addresses = (_addresses % 65_000) + 1;
        var host = _addresses + 3;
        return $"10.240.{host >> 8}.{host & 255}";
    }

    private int _addresses;

    private void Create(SetState state, string zone, Work work, bool surplus)
    {
        var name = state.Current.Name;
        var stuck = Faults.Strike(FaultKind.StuckCreating, null, name) is not null;
        var failed = Faults.Strike(FaultKind.FailedInstance, null, name);
        var deaf = Faults.Strike(FaultKind.NeverBoots, null, name) is not null;
        var late = Faults.Strike(FaultKind.SlowBoot, null, name)?.Span ?? TimeSpan.Zero;
        var instance = NewInstance(state, zone) with { Surplus = surplus, Stuck = stuck, Deaf = deaf };
        Change(state, s => s with
        {
            Instances = s.Instances.SetItem(instance.Number, instance),
            NextNumber = instance.Number + 1,
        });
        Raise(InstanceEvent.Created, instance);
        if (!surplus)
        {
            WaitFor(work, instance);
        }

        if (stuck)
        {
            var error = new CloudError(409, "OSProvisioningTimedOut", $"OS Provisioning for VM '{instance.Name}' did not finish in the allotted time.");
            After(state, instance, OperationLimit, i => Settle(i, error));
            return;
        }

        PowerOnIn(state, instance, _options.Create.Draw(_random), late, failed is null ? null : new CloudError(409, failed.Code, failed.Message));
    }

    private void Provisioned(SetState state, Instance instance, CloudError? failure)
    {
        instance = Replace(state, instance with
        {
            Provisioning = failure is null ? ProvisioningState.Succeeded : ProvisioningState.Failed,
            Failure = failure,
        });
        Settle(instance, failure);
        DropSurplus(state, instance);
    }

    /// <summary>Whichever machines come up first are kept; with the last one asked for, those in excess are dropped.</summary>
    private void DropSurplus(SetState state, Instance up)
    {
        if (!state.Current.Instances.Values.Any(i => i.Surplus))
        {
            return;
        }

        var late = state.Current.Instances.Values.LastOrDefault(i => i is { Provisioning: ProvisioningState.Creating, Surplus: false });
        if (up is { Surplus: true, Provisioning: ProvisioningState.Succeeded } && late is not null)
        {
            Replace(state, up with { Surplus = false, PaidSince = Now });
            var now = Replace(state, Pay(late) with { Surplus = true });
            Settle(now);
        }

        if (!state.Current.Instances.Values.Any(i => i is { Provisioning: ProvisioningState.Creating, Surplus: false }))
        {
            foreach (var extra in state.Current.Instances.Values.Where(i => i.Surplus && i.Provisioning != ProvisioningState.Deleting).ToList())
            {
                Delete(state, extra, work: null, force: true);
            }
        }
    }

    /// <summary>Has the instance deleted, after its notice where the set gives one. Capacity is the caller's affair.</summary>
    private void Delete(SetState state, Instance instance, Work? work, bool force)
    {
        var stuck = Faults.Strike(FaultKind.StuckDeleting, null, state.Current.Name) is not null;
        var leaving = Order(state, instance) with { Provisioning = ProvisioningState.Deleting, Stuck = stuck };
        Replace(state, leaving);
        if (work is not null)
        {
            WaitFor(work, leaving);
        }

        if (leaving.Stuck)
        {
            var error = new CloudError(409, "InternalExecutionError", "An internal execution error occurred. Please retry later.");
            After(state, leaving, OperationLimit, i => Settle(i, error));
            return;
        }

        var running = leaving.Power == PowerState.Running;
        if (running && !force && state.Current.Spec.TerminateNotice is { } notice && !state.Events.Announced(leaving.Name))
        {
            AnnounceEnd(state, leaving, notice, work?.Notices ?? new NoticeBatch());
            return;
        }

        Remove(state, leaving.Number, force);
    }

    private void AnnounceEnd(SetState state, Instance leaving, TimeSpan notice, NoticeBatch batch)
    {
        var terminate = new ScheduledEvent
        {
            Type = "Terminate",
            Resources = [leaving.Name],
            Source = "User",
            Description = "The virtual machine is about to be deleted.",
        };
        state.Events.Announce(terminate, notice, batch, over =>
        {
            over();
            Remove(state, leaving.Number, force: false);
        });
    }

    private void Remove(SetState state, int number, bool force)
    {
        if (!state.Current.Instances.TryGetValue(number, out var instance))
        {
            return;
        }

        var grace = force || instance.Power != PowerState.Running ? TimeSpan.Zero : _options.Stop.Draw(_random);
        var gone = Max(_options.Delete.Draw(_random), grace);
        instance = PowerDown(state, instance, grace, PowerState.Stopping, PowerState.Stopped);
        After(state, instance, gone, i =>
        {
            Pay(i);
            Change(state, s => s with { Instances = s.Instances.Remove(i.Number) });
            if (state.Current.Standalone && !state.Deleting)
            {
                // Evicted for good: nothing of it stays.
                _sets.Remove(state.Key);
            }

            Settle(i);
            Raise(InstanceEvent.Gone, i);
        });
    }

    /// <summary>Gives the instance a new order that <paramref name="work"/> waits for. From then on it is there, if it was not.</summary>
    private Instance Busy(SetState state, Instance instance, Work work)
    {
        var busy = Replace(state, Order(state, instance) with { Provisioning = ProvisioningState.Updating, Failure = null, Unplaced = false });
        WaitFor(work, busy);
        return busy;
    }

    private void AtRest(SetState state, Instance instance) =>
        Settle(Replace(state, instance with { Provisioning = ProvisioningState.Succeeded }));

    /// <summary>Voids all that was due for the instance. Whoever waited for it need not any more.</summary>
    private Instance Order(SetState state, Instance instance)
    {
        Settle(instance);
        return Replace(state, instance with { Order = instance.Order + 1, ETag = instance.ETag + 1 });
    }

    private Instance Replace(SetState state, Instance instance)
    {
        Change(state, s => s with { Instances = s.Instances.SetItem(instance.Number, instance) });
        return instance;
    }

    /// <summary>Does something with the instance later, as it is then, unless it was given another order meanwhile.</summary>
    private void After(SetState state, Instance instance, TimeSpan delay, Action<Instance> then) => _agenda.In(delay, () =>
    {
        if (state.Current.Instances.TryGetValue(instance.Number, out var now) && now.Order == instance.Order)
        {
            then(now);
        }
    });

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
