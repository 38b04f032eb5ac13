using System.Collections.Immutable;
using System.Globalization;

namespace Ebb.Sandbox.Cloud;

// Orders that clients give to instances. Null ids, or "*", mean all that are not protected from actions on the set.
public sealed partial class CloudWorld
{
    /// <summary>Deletes exactly these and lowers the capacity by their number.</summary>
    public Outcome<ScaleSet> DeleteInstances(string group, string name, IReadOnlyList<string> ids, bool force = false) =>
        Call(CallKind.DeleteInstances, name, () =>
        {
            if (ids.Count == 0)
            {
                return CloudErrors.InstanceIdsMissing;
            }

            return OnInstances(CallKind.DeleteInstances, group, name, ids, (state, instances, work) =>
            {
                var counted = instances.Count(i => i.Counts);
                Change(state, s => s with { Capacity = Math.Max(0, s.Capacity - counted), ETag = s.ETag + (counted > 0 ? 1 : 0) });
                foreach (var instance in instances)
                {
                    if (instance.Provisioning == ProvisioningState.Deleting && !(force && instance.Stuck))
                    {
                        WaitFor(work, instance);
                    }
                    else
                    {
                        Delete(state, instance, work, force);
                    }
                }
            });
        });

    public Outcome<ScaleSet> Start(string group, string name, IReadOnlyList<string>? ids) =>
        Act(CallKind.Start, group, name, ids, Start);

    public Outcome<ScaleSet> PowerOff(string group, string name, IReadOnlyList<string>? ids, bool skipShutdown = false) =>
        Act(CallKind.PowerOff, group, name, ids, (state, i, work) => PowerOff(state, i, work, deallocate: false, skipShutdown));

    public Outcome<ScaleSet> Deallocate(string group, string name, IReadOnlyList<string>? ids) =>
        Act(
            CallKind.Deallocate,
            group,
            name,
            ids,
            (state, i, work) => PowerOff(state, i, work, deallocate: true, skipShutdown: false),
            (state, _) => state.Current.Spec.EphemeralDisk ? CloudErrors.DeallocatesEphemeral : null);

    public Outcome<ScaleSet> Restart(string group, string name, IReadOnlyList<string>? ids) =>
        Act(CallKind.Restart, group, name, ids, (state, i, work) => Restart(state, i, work, reimage: false));

    /// <summary>Gives instances a fresh disk of the model that each has: only <see cref="Upgrade"/> brings them the set's newest.</summary>
    public Outcome<ScaleSet> Reimage(string group, string name, IReadOnlyList<string>? ids) =>
        Act(CallKind.Reimage, group, name, ids, (state, i, work) => Restart(state, i, work, reimage: true));

    /// <summary>
    /// Brings instances to the set's newest model. Those whose size changes with it restart, on another host: with a fresh disk where that
    /// was the host's. Another image is a fresh disk, too. All else, what they are told at their birth say, does not restart them. All are
    /// refused where one of them would get another limit of price while it stands on hardware.
    /// </summary>
    public Outcome<ScaleSet> Upgrade(string group, string name, IReadOnlyList<string>? ids) =>
        Act(CallKind.Upgrade, group, name, ids, (state, before, work) =>
        {
            if (before.ModelVersion == state.Current.ModelVersion)
            {
                return;
            }

            var resized = before.Size != state.Current.Size;
            var fresh = !ScaleSetModel.HasSameImage(before.Model, state.Current.Model) || (resized && state.Current.Spec.EphemeralDisk);
            Adopt(state, [before.Number]);
            var i = state.Current.Instances[before.Number];
            if ((resized || fresh) && i.Power == PowerState.Running)
            {
                Restart(state, i, work, reimage: fresh);
                return;
            }

            if (fresh)
            {
                Raise(InstanceEvent.Reimaged, i);
            }

            WaitFor(work, i);
            if (i.Provisioning is ProvisioningState.Succeeded or ProvisioningState.Failed)
            {
                // Not an order of its own: what is due for the machine stays due.
                i = Replace(state, i with { Provisioning = ProvisioningState.Updating, Failure = null, ETag = i.ETag + 1 });
                After(state, i, _options.Create.Draw(_random), now => AtRest(state, now));
            }
        },
        (state, instances) => instances.Find(i => i.Power is not PowerState.Deallocated && !ScaleSetModel.HasSamePrice(i.Model, state.Current.Model)) is { } allocated
            ? CloudErrors.MaxPriceOfAllocated(allocated.Name)
            : null);

    /// <summary>Shields an instance from scale-in, and also from actions on the whole set; or lifts the shields.</summary>
    public Outcome<Instance> Protect(string group, string name, string id, bool fromScaleIn, bool fromSetActions = false, string? ifMatch = null) =>
        Call<Instance>(CallKind.PutInstance, name, () =>
        {
            var found = Select(group, name, [id], all: false);
            if (!found.Ok)
            {
                return found.Error;
            }

            if (fromSetActions && !fromScaleIn)
            {
                return new CloudError(400, "InvalidParameter", "The property 'protectFromScaleIn' cannot be false when 'protectFromScaleSetActions' is true.") { Target = "protectionPolicy" };
            }

            if (ifMatch is not null && ifMatch != "*" && ifMatch != found.Value[0].ETagText)
            {
                return CloudErrors.ETagMismatch(ifMatch, found.Value[0].ETagText);
            }

            var state = _sets[Key(group, name)];
            var instance = Replace(state, found.Value[0] with
            {
                ProtectedFromScaleIn = fromScaleIn,
                ProtectedFromSetActions = fromSetActions,
                ETag = found.Value[0].ETag + 1,
            });
            var work = Begin(CallKind.PutInstance, state, state.Key);
            Seal(work, _options.Accept.Draw(_random));
            return new Outcome<Instance> { Value = instance, Operation = work.Operation };
        });

    /// <summary>Deletes a set with all its instances.</summary>
    public Outcome<ScaleSet> DeleteScaleSet(string group, string name, bool force = false) => Call<ScaleSet>(CallKind.DeleteScaleSet, name, () =>
    {
        if (!_sets.TryGetValue(Key(group, name), out var state))
        {
            return NoSet(group, name);
        }

        var work = Begin(CallKind.DeleteScaleSet, null, state.Key);
        DeleteSet(state, work, force);
        Seal(work, _options.Accept.Draw(_random));
        return new Outcome<ScaleSet> { Value = state.Current, Operation = work.Operation };
    });

    private void DeleteSet(SetState state, Work work, bool force)
    {
        state.Deleting = true;
        state.Pending = 0;
        if (state.Put is { Ended: false } put)
        {
            put.Error = CloudErrors.Preempted;
            End(put, OperationStatus.Canceled);
        }

        Change(state, s => s with { Provisioning = ProvisioningState.Deleting, Capacity = 0, ETag = s.ETag + 1 });
        var emptying = new Work(work.Operation with { Id = NewGuid() }, null);
        emptying.Then = () =>
        {
            // A stuck instance keeps its set; the next delete tries again.
            if (state.Current.Instances.Count == 0)
            {
                _sets.Remove(state.Key);
            }

            work.Error ??= emptying.Error;
            work.Waiting--;
            EndWhenDone(work);
        };
        work.Waiting++;
        foreach (var instance in state.Current.Instances.Values.ToList())
        {
            if (instance.Provisioning == ProvisioningState.Deleting && !(force && instance.Stuck))
            {
                WaitFor(emptying, instance);
            }
            else
            {
                Delete(state, instance, emptying, force);
            }
        }

        Seal(emptying, _options.Accept.Draw(_random));
    }

    /// <param name="refuse">Why the set is not of a kind that this can be done to; null when it is.</param>
    private Outcome<ScaleSet> Act(
        CallKind call, string group, string name, IReadOnlyList<string>? ids, Action<SetState, Instance, Work> act, Func<SetState, List<Instance>, CloudError?>? refuse = null) =>
        Call(call, name, () => OnInstances(call, group, name, ids, (state, instances, work) =>
        {
            foreach (var instance in instances.Where(i => i.Provisioning != ProvisioningState.Deleting && !i.Stuck))
            {
                if (Faults.Strike(FaultKind.FailOperation, call, name, instance: instance.Id) is { } fault)
                {
                    work.FailFor(instance, new CloudError(409, fault.Code, fault.Message));
                }
                else
                {
                    act(state, instance, work);
                }
            }
        }, refuse));

    private Outcome<ScaleSet> OnInstances(
        CallKind call, string group, string name, IReadOnlyList<string>? ids, Action<SetState, List<Instance>, Work> act, Func<SetState, List<Instance>, CloudError?>? refuse = null)
    {
        var found = Select(group, name, ids, all: true);
        if (!found.Ok)
        {
            return found.Error;
        }

        var state = _sets[Key(group, name)];
        if (state.Deleting)
        {
            return CloudErrors.ConcurrentWrite;
        }

        if (refuse?.Invoke(state, found.Value) is { } refused)
        {
            return refused;
        }

        var work = Begin(call, state, state.Key);
        if (Faults.Strike(FaultKind.FailOperation, call, name) is { } fault)
        {
            work.Error = new CloudError(409, fault.Code, fault.Message);
        }
        else
        {
            act(state, found.Value, work);
        }

        Seal(work, _options.Accept.Draw(_random));
        return new Outcome<ScaleSet> { Value = state.Current, Operation = work.Operation };
    }

    private Outcome<List<Instance>> Select(string group, string name, IReadOnlyList<string>? ids, bool all)
    {
        if (!_sets.TryGetValue(Key(group, name), out var state))
        {
            return NoSet(group, name);
        }

        if (all && (ids is null || ids is ["*"]))
        {
            return state.Current.Instances.Values.Where(i => !i.ProtectedFromSetActions).ToList();
        }

        var found = new List<Instance>();
        foreach (var id in ids!.Distinct())
        {
            if (!int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return CloudErrors.InstanceIdNotNumber;
            }

            if (!state.Current.Instances.TryGetValue(number, out var instance))
            {
                return CloudErrors.InstanceNotActive(id);
            }

            found.Add(instance);
        }

        return found;
    }

    private void Adopt(SetState state, IEnumerable<int> numbers)
    {
        foreach (var number in numbers.ToImmutableArray())
        {
            var instance = state.Current.Instances[number];
            Replace(state, instance with { ModelVersion = state.Current.ModelVersion, Model = state.Current.Model, Size = state.Current.Size });
        }
    }
}
