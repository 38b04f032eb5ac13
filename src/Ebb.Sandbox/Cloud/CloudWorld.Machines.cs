using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Cloud;

// Machines that stand alone. Each is kept as a set of one, named as no scale set may be, so that it has the life of all others:
// whoever knows an instance's group, set and id (its metadata's address among them) needs to know nothing of this.
public sealed partial class CloudWorld
{
    private const string MachineType = "Microsoft.Compute/virtualMachines";

    /// <summary>All machines, of scale sets and alone, ordered by group and set.</summary>
    public ImmutableArray<Instance> Instances
    {
        get
        {
            lock (_agenda.Gate)
            {
                return [.. _sets.Values.SelectMany(s => s.Current.Instances.Values)];
            }
        }
    }

    /// <summary>A machine that stands alone, with the set of one that it is; null when there is none.</summary>
    public (ScaleSet Set, Instance Machine)? FindMachine(string group, string name)
    {
        lock (_agenda.Gate)
        {
            return Find(group, ScaleSet.OfMachine(name)) is { } set && set.Instances.Values.FirstOrDefault() is { } machine ? (set, machine) : null;
        }
    }

    /// <summary>Why <see cref="PutMachine"/> would refuse a machine; null when it would not.</summary>
    internal CloudError? ForeseeMachine(string group, string name, ScaleSetSpec spec, QuotaClaims? claims = null)
    {
        var state = _sets.GetValueOrDefault(Key(group, ScaleSet.OfMachine(name)));
        return state is null ? OverQuota(spec, 1, null, claims) ?? SoldOut(spec, ScaleSet.MachineIdOf(_options.SubscriptionId, group, name))
            : SizeOf(spec.Size).VCpus > SizeOf(state.Current.Size).VCpus ? OverQuota(spec, 1, null, claims)
            : null;
    }

    /// <summary>Creates a machine that stands alone, changes it, or tries again to place one that found no place.</summary>
    /// <param name="spec">Its <see cref="ScaleSetSpec.ComputerNamePrefix"/> is the whole host name.</param>
    /// <param name="model">As a scale set's, so that whoever reads one reads the other.</param>
    internal Outcome<Operation?> PutMachine(string group, string name, ScaleSetSpec spec, JsonObject model)
    {
        var set = ScaleSet.OfMachine(name);
        var state = _sets.GetValueOrDefault(Key(group, set));
        if (state is { Deleting: true })
        {
            return CloudErrors.ConcurrentWrite;
        }

        if (ForeseeMachine(group, name, spec) is { } refused)
        {
            return refused;
        }

        if (state is null)
        {
            state = new SetState(New(group, set, spec with { Capacity = 1 }, model), new EventScope(_agenda, NewGuid));
            _sets.Add(state.Key, state);
        }
        else
        {
            Change(state, s => s with { Spec = spec with { Capacity = 1 }, Model = model, ETag = s.ETag + 1 });
        }

        var work = Begin(CallKind.PutMachine, state, name);
        if (Faults.Strike(FaultKind.FailOperation, CallKind.PutMachine, name, MachineType) is { } fault)
        {
            work.Error = new CloudError(409, fault.Code, fault.Message);
            if (state.Current.Instances.Values.FirstOrDefault() is { } there)
            {
                // It stays as it was, and says what it was to become.
                Replace(state, there with { Provisioning = ProvisioningState.Failed, Failure = work.Error });
            }
            else
            {
                Unplaced(state, work.Error);
            }
        }
        else
        {
            Fit(state, work, spec);
        }

        Seal(work, _options.Accept.Draw(_random));
        return new Outcome<Operation?> { Operation = work.Operation };
    }

    /// <summary>Deletes a machine that stands alone; no operation when there is none.</summary>
    internal Outcome<Operation?> DeleteMachine(string group, string name, bool force)
    {
        if (!_sets.TryGetValue(Key(group, ScaleSet.OfMachine(name)), out var state))
        {
            return new Outcome<Operation?>();
        }

        var work = Begin(CallKind.DeleteMachine, null, name);
        if (Faults.Strike(FaultKind.FailOperation, CallKind.DeleteMachine, name, MachineType) is { } fault)
        {
            work.Error = new CloudError(409, fault.Code, fault.Message);
        }
        else
        {
            DeleteSet(state, work, force);
        }

        Seal(work, _options.Accept.Draw(_random));
        return new Outcome<Operation?> { Operation = work.Operation };
    }

    private void Fit(SetState state, Work work, ScaleSetSpec spec)
    {
        var machine = state.Current.Instances.Values.FirstOrDefault();
        if (machine is { Unplaced: true })
        {
            Change(state, s => s with { Instances = s.Instances.Remove(machine.Number), NextNumber = 0 });
            machine = null;
        }

        if (machine is null)
        {
            if (PickZone(state.Current) is { } zone)
            {
                Create(state, zone, work, surplus: false);
                return;
            }

            var shortage = Tightest(spec)?.Answer ?? Shortage.Allocation;
            work.Error = CloudErrors.Allocation(shortage, spec.Zones.Length > 0, spec.Priority);
            Unplaced(state, work.Error);
            return;
        }

        if (machine.Provisioning is ProvisioningState.Failed)
        {
            machine = Replace(state, machine with { Provisioning = ProvisioningState.Succeeded, Failure = null });
        }

        if (!machine.Size.Equals(spec.Size, StringComparison.OrdinalIgnoreCase))
        {
            machine = Replace(state, machine with { Size = spec.Size });
            if (machine.Power is not (PowerState.Deallocated or PowerState.Stopped))
            {
                Restart(state, machine, work, reimage: spec.EphemeralDisk);
            }
        }
    }

    private void Unplaced(SetState state, CloudError error) => Replace(state, NewInstance(state, state.Current.Zones.FirstOrDefault() ?? "") with
    {
        Provisioning = ProvisioningState.Failed,
        Power = PowerState.Deallocated,
        Failure = error,
        Unplaced = true,
    });
}
