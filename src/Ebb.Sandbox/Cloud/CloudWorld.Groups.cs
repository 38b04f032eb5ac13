using System.Collections.Immutable;

namespace Ebb.Sandbox.Cloud;

public sealed partial class CloudWorld
{
    private readonly SortedDictionary<string, ResourceGroup> _groups = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether there is such a group; not counted as a request.</summary>
    public bool GroupExists(string name)
    {
        lock (_agenda.Gate)
        {
            return _groups.ContainsKey(name);
        }
    }

    /// <summary>Creates a resource group, or replaces its tags. <see cref="ResourceGroup.Created"/> tells which.</summary>
    public Outcome<ResourceGroup> PutResourceGroup(string name, string location, ImmutableSortedDictionary<string, string>? tags) =>
        Call<ResourceGroup>(CallKind.PutGroup, null, () =>
        {
            if (name.Length is 0 or > 90 || name[^1] == '.' || !name.All(c => char.IsLetterOrDigit(c) || c is '_' or '-' or '.' or '(' or ')'))
            {
                return new CloudError(400, "InvalidResourceGroupName", $"The provided resource group name '{name}' is not valid: 1 to 90 letters, digits, '_', '-', '.', '(' or ')', not ending in '.'.");
            }

            if (!_groups.TryGetValue(name, out var existing))
            {
                return _groups[name] = new ResourceGroup(_options.SubscriptionId, name, location, tags ?? NoTags) { Created = true };
            }

            if (existing.Deleting)
            {
                return CloudErrors.GroupBeingDeleted(existing.Name);
            }

            if (!existing.Location.Equals(location, StringComparison.OrdinalIgnoreCase))
            {
                return new CloudError(409, "InvalidResourceGroupLocation", $"Invalid resource group location '{location}'. The Resource group already exists in location '{existing.Location}'.");
            }

            return _groups[name] = existing with { Tags = tags ?? existing.Tags, Created = false };
        });

    public Outcome<ResourceGroup> GetResourceGroup(string name) => Call<ResourceGroup>(CallKind.GetGroup, null, () =>
        _groups.TryGetValue(name, out var group) ? group : CloudErrors.GroupNotFound(name));

    public Outcome<Listing<ResourceGroup>> ListResourceGroups() => Call<Listing<ResourceGroup>>(CallKind.ListGroups, null, () =>
        new Listing<ResourceGroup>([.. _groups.Values]));

    /// <summary>Deletes a group with all that is in it.</summary>
    /// <param name="rest">Deletes what others keep in the group and says when that is done, or why it cannot be; null when nobody does.</param>
    public Outcome<ResourceGroup> DeleteResourceGroup(string name, Action<ResourceGroup, Action<CloudError?>>? rest = null) =>
        Call<ResourceGroup>(CallKind.DeleteGroup, name, () =>
        {
            if (!_groups.TryGetValue(name, out var group))
            {
                return CloudErrors.GroupNotFound(name);
            }

            if (group.Going is { } going)
            {
                return new Outcome<ResourceGroup> { Value = group, Operation = going };
            }

            var work = Begin(CallKind.DeleteGroup, null, group.Name);
            group = _groups[name] = group with { Deleting = true, Going = work.Operation };

            if (Faults.Strike(FaultKind.FailOperation, CallKind.DeleteGroup, group.Name) is { } fault)
            {
                work.Error = new CloudError(409, fault.Code, fault.Message);
            }
            else
            {
                Empty(group, work, rest);
            }

            work.Then += () => EndDelete(name, work);
            Seal(work, _options.Accept.Draw(_random));
            return new Outcome<ResourceGroup> { Value = group, Operation = work.Operation };
        });

    private void Empty(ResourceGroup group, Work work, Action<ResourceGroup, Action<CloudError?>>? rest)
    {
        // Machines that stand alone are resources among others: whoever keeps those says when they go.
        foreach (var state in _sets.Values
            .Where(s => s.Current.Group.Equals(group.Name, StringComparison.OrdinalIgnoreCase) && (rest is null || !s.Current.Standalone))
            .ToList())
        {
            DeleteSet(state, work, force: true);
        }

        if (rest is not null)
        {
            work.Waiting++;
            rest(group, error =>
            {
                work.Error ??= error;
                work.Waiting--;
                EndWhenDone(work);
            });
        }
    }

    private void EndDelete(string name, Work work)
    {
        if (work.Error is not null)
        {
            // What could not go stays, and its group with it.
            _groups[name] = _groups[name] with { Deleting = false, Going = null };
            return;
        }

        _groups.Remove(name);
        foreach (var key in _autoscale.Where(s => s.Value.Group.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(s => s.Key).ToList())
        {
            _autoscale.Remove(key);
        }
    }

    private static ImmutableSortedDictionary<string, string> NoTags { get; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase);
}

public sealed record ResourceGroup(string SubscriptionId, string Name, string Location, ImmutableSortedDictionary<string, string> Tags)
{
    public bool Deleting { get; init; }

    /// <summary>The delete that goes on; else null.</summary>
    internal Operation? Going { get; init; }

    /// <summary>Whether the call that returned this made it.</summary>
    public bool Created { get; init; }

    public string ResourceId => $"/subscriptions/{SubscriptionId}/resourceGroups/{Name}";
}
