namespace Ebb.Sandbox.Cloud;

// Power and the guest of one instance: on, down, off and on again.
public sealed partial class CloudWorld
{
    /// <summary>Power comes on after <paramref name="delay"/>, then the guest boots; it is ready with its boot.</summary>
    private void PowerOnIn(SetState state, Instance instance, TimeSpan delay, TimeSpan late = default, CloudError? failure = null)
    {
        After(state, instance, delay, starting =>
        {
            var running = Replace(state, starting with { Power = PowerState.Running, PaidSince = starting.Surplus ? null : starting.PaidSince ?? Now });
            Raise(InstanceEvent.PoweredOn, running);
            PlanEviction(state, running);
            PlanMaintenance(state, running);
            var boot = _options.Boot.Draw(_random);
            After(state, running, boot, i => Provisioned(state, i, failure));
            if (failure is null && !running.Deaf)
            {
                After(state, running, boot + late, i => Raise(InstanceEvent.Booted, Replace(state, i with { GuestUp = true })));
            }
        });
    }

    /// <summary>Tells the guest to shut down and cuts the power after <paramref name="grace"/>.</summary>
    /// <returns>The instance as it is now, still to be given what follows.</returns>
    private Instance PowerDown(SetState state, Instance instance, TimeSpan grace, PowerState through, PowerState to)
    {
        if (instance.Power is PowerState.Stopped or PowerState.Deallocated)
        {
            return instance;
        }

        var stopping = Replace(state, instance with { Power = through });
        Raise(InstanceEvent.ShuttingDown, stopping, grace);
        if (grace == TimeSpan.Zero)
        {
            return Cut(state, stopping, to);
        }

        After(state, stopping, grace, i => Cut(state, i, to));
        return stopping;
    }

    private Instance Cut(SetState state, Instance instance, PowerState to)
    {
        if (to == PowerState.Deallocated)
        {
            instance = Pay(instance);
        }

        var stopped = Replace(state, instance with { Power = to, GuestUp = false });
        Raise(InstanceEvent.Stopped, stopped);
        return stopped;
    }

    private void PowerOff(SetState state, Instance instance, Work work, bool deallocate, bool skipShutdown)
    {
        var rest = deallocate ? PowerState.Deallocated : PowerState.Stopped;
        if (instance.Power == rest || (!deallocate && instance.Power == PowerState.Deallocated))
        {
            return;
        }

        instance = Busy(state, instance, work);
        if (instance.Power == PowerState.Stopped)
        {
            instance = Replace(state, instance with { Power = PowerState.Deallocating });
            After(state, instance, _options.Stop.Draw(_random), i => AtRest(state, Replace(state, Pay(i) with { Power = PowerState.Deallocated })));
            return;
        }

        var grace = skipShutdown ? TimeSpan.Zero : _options.Stop.Draw(_random);
        instance = PowerDown(state, instance, grace, deallocate ? PowerState.Deallocating : PowerState.Stopping, rest);
        After(state, instance, grace, i => AtRest(state, i));
    }

    private void Start(SetState state, Instance instance, Work work)
    {
        if (instance.Power is PowerState.Running or PowerState.Starting)
        {
            return;
        }

        if (instance.Power == PowerState.Deallocated && Room(state.Current.Spec, instance.Zone) <= 0)
        {
            var shortage = Tightest(state.Current.Spec)?.Answer ?? Shortage.Allocation;
            var error = CloudErrors.Allocation(shortage, instance.Zone.Length > 0, instance.Priority);
            if (instance.Standalone)
            {
                // It says so until it is asked for again, as one that could not be made does.
                Replace(state, instance with { Provisioning = ProvisioningState.Failed, Failure = error });
            }

            work.FailFor(instance, error);
            return;
        }

        // A machine that stands alone leaves its hardware when it is deallocated, and finds another as it is described by then.
        var size = instance is { Standalone: true, Power: PowerState.Deallocated } ? state.Current.Size : instance.Size;
        instance = Replace(state, Busy(state, instance, work) with { Power = PowerState.Starting, Tags = state.Current.Tags, Size = size });
        PowerOnIn(state, instance, _options.Create.Draw(_random));
    }

    /// <param name="reimage">It boots from a fresh disk, of the model that it has.</param>
    private void Restart(SetState state, Instance instance, Work work, bool reimage)
    {
        instance = Busy(state, instance, work);
        var grace = _options.Stop.Draw(_random);
        instance = PowerDown(state, instance, grace, PowerState.Stopping, PowerState.Stopped);
        After(state, instance, grace, stopped =>
        {
            var again = Replace(state, stopped with
            {
                Power = PowerState.Starting,
                Tags = state.Current.Tags,
                Deaf = stopped.Deaf && !reimage,
            });
            if (reimage)
            {
                Raise(InstanceEvent.Reimaged, again);
            }

            PowerOnIn(state, again, _options.Create.Draw(_random));
        });
    }
}
