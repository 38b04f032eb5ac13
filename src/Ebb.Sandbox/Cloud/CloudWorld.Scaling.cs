using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Cloud;

public sealed partial class CloudWorld
{
    // Of ten machines asked for, an overprovisioning set starts two more.
    private const double Overprovisioning = 0.2;

    private static readonly SearchValues<char> NotInNames = SearchValues.Create("\\/\"[]:|<>+=;,?*@& %#");

    /// <summary>
    /// Creates a scale set or changes it. What <paramref name="body"/> leaves out stays as it was. A new set has
    /// <see cref="ScaleSet.ETag"/> 1.
    /// </summary>
    /// <param name="patch">Refused when the set does not exist.</param>
    public Outcome<ScaleSet> CreateOrUpdateScaleSet(
        string group, string name, JsonObject body, string? ifMatch = null, string? ifNoneMatch = null, bool patch = false) =>
        Call(patch ? CallKind.PatchScaleSet : CallKind.PutScaleSet, name, () => Put(group, name, body, ifMatch, ifNoneMatch, patch));

    /// <summary>Asks for so many machines: up creates them, down removes as <see cref="ScaleIn"/> says.</summary>
    public Outcome<ScaleSet> SetCapacity(string group, string name, int capacity, string? ifMatch = null) =>
        Call(CallKind.PutScaleSet, name, () => Resize(group, name, capacity, ifMatch));

    private Outcome<ScaleSet> Resize(string group, string name, int capacity, string? ifMatch) => _sets.ContainsKey(Key(group, name))
        ? Put(group, name, new JsonObject { ["sku"] = new JsonObject { ["capacity"] = capacity } }, ifMatch, null, patch: true)
        : NoSet(group, name);

    private Outcome<ScaleSet> Put(string group, string name, JsonObject body, string? ifMatch, string? ifNoneMatch, bool patch)
    {
        if (!_groups.TryGetValue(group, out var resourceGroup))
        {
            return CloudErrors.GroupNotFound(group);
        }

        if (resourceGroup.Deleting)
        {
            return CloudErrors.GroupBeingDeleted(resourceGroup.Name);
        }

        var state = _sets.GetValueOrDefault(Key(group, name));
        var old = state?.Current;
        if (old is null && patch)
        {
            return CloudErrors.SetNotFound(group, name);
        }

        if (Precondition(old, ifMatch, ifNoneMatch) is { } failed)
        {
            return failed;
        }

        if (state is { Deleting: true })
        {
            return CloudErrors.ConcurrentWrite;
        }

        if (old is null && !ValidName(name))
        {
            return new CloudError(400, "InvalidResourceName", $"Resource name {name} is invalid. The name can be 1 to 64 characters long, must not begin with '_' or end with '.' or '-', and must have none of \\ / \" [ ] : | < > + = ; , ? * @ &.");
        }

        var model = ScaleSetModel.Merge(old?.ModelNow, body);
        var read = ScaleSetModel.Read(model, _options);
        if (!read.Ok)
        {
            return read.Error;
        }

        var spec = read.Value;
        if (Forbidden(old, spec, model) is { } forbidden)
        {
            return forbidden;
        }

        var counted = old?.Instances.Values.Count(i => i.Counts) ?? 0;
        var more = Math.Max(0, spec.Capacity - counted);
        var id = ScaleSet.ResourceIdOf(_options.SubscriptionId, resourceGroup.Name, old?.Name ?? name);

        // Only growth is refused: a set above its quota may still be changed and lowered.
        if (spec.Capacity > (old?.Capacity ?? 0) && (OverQuota(spec, more, state) ?? SoldOut(spec, id)) is { } refused)
        {
            return refused;
        }

        if (old is not null && spec.Capacity > old.Capacity && more > 0 && ModelsWithNext(old, model) > ScaleSetModel.MostInUse)
        {
            return CloudErrors.TooManyModels(old.Name);
        }

        if (state is null)
        {
            state = new SetState(New(resourceGroup.Name, name, spec, model), new EventScope(_agenda, NewGuid));
            _sets.Add(state.Key, state);
        }
        else
        {
            var same = ScaleSetModel.MakesSame(old!.Model, model);
            Change(state, s => s with
            {
                Spec = spec,
                Model = model,
                Capacity = spec.Capacity,
                ETag = s.ETag + 1,
                ModelVersion = s.ModelVersion + (same ? 0 : 1),
            });
            if (!same && spec.Upgrade != UpgradeMode.Manual)
            {
                Adopt(state, state.Current.Instances.Keys);
            }
        }

        if (state.Put is { Ended: false } earlier)
        {
            earlier.Error = CloudErrors.Preempted;
            End(earlier, OperationStatus.Canceled);
        }

        state.Pending = more;
        var work = state.Put = Begin(patch ? CallKind.PatchScaleSet : CallKind.PutScaleSet, state, state.Key);
        _agenda.In(_options.Accept.Draw(_random), () => Fit(state, work));
        return new Outcome<ScaleSet> { Value = state.Current, Operation = work.Operation };
    }

    /// <summary>Of how many models the set's machines were once one more is made.</summary>
    private static int ModelsWithNext(ScaleSet set, JsonObject model)
    {
        var used = set.Instances.Values.Select(i => i.ModelVersion).ToHashSet();
        return used.Count + (ScaleSetModel.MakesSame(set.Model, model) && used.Contains(set.ModelVersion) ? 0 : 1);
    }

    /// <summary>Makes the set's instances as many as its capacity says.</summary>
    private void Fit(SetState state, Work work)
    {
        if (work.Ended)
        {
            return;
        }

        state.Pending = 0;
        var missing = state.Current.Capacity - state.Current.Instances.Values.Count(i => i.Counts);
        if (missing > 0)
        {
            Grow(state, missing, work);
        }
        else if (missing < 0)
        {
            foreach (var victim in Victims(state.Current, -missing))
            {
                Delete(state, victim, work, force: false);
            }
        }

        Seal(work, TimeSpan.Zero);
    }

    private void Grow(SetState state, int count, Work work)
    {
        var spec = state.Current.Spec;
        if (Faults.Strike(FaultKind.FailOperation, work.Operation.Call, state.Current.Name) is { } fault)
        {
            Unplaced(state, count, new CloudError(409, fault.Code, fault.Message), work);
            return;
        }

        if (OverQuota(spec, count, state) is { } over)
        {
            Unplaced(state, count, new CloudError(409, "QuotaExceeded", over.Message), work);
            return;
        }

        var extra = spec.Overprovision ? (int)Math.Ceiling(count * Overprovisioning) : 0;
        var placed = 0;
        while (placed < count + extra && PickZone(state.Current) is { } zone)
        {
            Create(state, zone, work, surplus: placed >= count);
            placed++;
        }

        if (placed < count)
        {
            var shortage = Tightest(spec)?.Answer ?? Shortage.Allocation;
            Unplaced(state, count - placed, CloudErrors.Allocation(shortage, spec.Zones.Length > 0, spec.Priority), work);
        }
    }

    private void Unplaced(SetState state, int count, CloudError error, Work work)
    {
        // The capacity stays as it was asked for.
        work.Error ??= error;
        for (var i = 0; _options.ListUnplaced && i < count; i++)
        {
            var instance = NewInstance(state, state.Current.Zones.FirstOrDefault() ?? "") with
            {
                Provisioning = ProvisioningState.Failed,
                Power = PowerState.Deallocated,
                Failure = error,
            };
            Change(state, s => s with { Instances = s.Instances.SetItem(instance.Number, instance), NextNumber = instance.Number + 1 });
        }
    }

    /// <summary>Those that go when capacity falls; fewer when the rest is protected.</summary>
    private static List<Instance> Victims(ScaleSet set, int count)
    {
        var byZone = set.Instances.Values.Where(i => i.Counts).GroupBy(i => i.Zone).ToDictionary(g => g.Key, g => g.Count());
        var candidates = set.Instances.Values
            .Where(i => i.Counts && !i.ProtectedFromScaleIn && !i.ProtectedFromSetActions)
            .ToList();
        var victims = new List<Instance>();
        while (victims.Count < count && candidates.Count > 0)
        {
            var fullest = candidates.Max(i => byZone[i.Zone]);
            var inZone = candidates.Where(i => byZone[i.Zone] == fullest);
            var victim = set.Spec.ScaleIn switch
            {
                ScaleIn.OldestVM => inZone.OrderBy(i => i.CreatedAt).ThenBy(i => i.Number).First(),
                ScaleIn.NewestVM => inZone.OrderByDescending(i => i.CreatedAt).ThenByDescending(i => i.Number).First(),
                _ => inZone.MaxBy(i => i.Number)!,
            };
            victims.Add(victim);
            candidates.Remove(victim);
            byZone[victim.Zone]--;
        }

        return victims;
    }

    private ScaleSet New(string group, string name, ScaleSetSpec spec, JsonObject model) => new()
    {
        SubscriptionId = _options.SubscriptionId,
        Group = group,
        Name = name,
        Location = _options.Location,
        UniqueId = NewGuid(),
        PlacementGroupId = NewGuid(),
        CreatedAt = Now,
        Spec = spec,
        Model = model,
        Capacity = spec.Capacity,
    };

    private static CloudError? Precondition(ScaleSet? old, string? ifMatch, string? ifNoneMatch)
    {
        if (ifNoneMatch is not null && old is not null && (ifNoneMatch == "*" || ifNoneMatch == old.ETagText))
        {
            return new CloudError(412, "PreconditionFailed", $"Etag provided in if-none-match header {ifNoneMatch} matches etag {old.ETagText} of resource.");
        }

        if (ifMatch is null || (ifMatch == "*" && old is not null) || ifMatch == old?.ETagText)
        {
            return null;
        }

        return CloudErrors.ETagMismatch(ifMatch, old?.ETagText ?? "\"\"");
    }

    private static CloudError? Forbidden(ScaleSet? old, ScaleSetSpec spec, JsonObject model)
    {
        if (old is null)
        {
            return null;
        }

        if (!old.Zones.Order().SequenceEqual(spec.Zones.Order()))
        {
            return CloudErrors.PropertyChange("zones");
        }

        if (old.Priority != spec.Priority)
        {
            return CloudErrors.PropertyChange("virtualMachineProfile.priority");
        }

        if (ScaleSetModel.ChangedForGood(old.Model, model) is { } property)
        {
            return CloudErrors.PropertyChange(property);
        }

        return !old.Spec.SinglePlacementGroup && spec.SinglePlacementGroup ? CloudErrors.PropertyChange("singlePlacementGroup") : null;
    }

    private static bool ValidName(string name) =>
        name.Length is > 0 and <= 64 && name[0] != '_' && name[^1] is not ('.' or '-')
        && name.AsSpan().IndexOfAny(NotInNames) < 0 && !name.Any(char.IsControl);

    private void Change(SetState state, Func<ScaleSet, ScaleSet> change) => state.Set(change(state.Current), Now);
}
