using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>Empties a group that is being deleted: what uses others goes before what is used, until nothing is left.</summary>
internal sealed class GroupDeletion(ResourceStore store, ResourceDeletes deletes)
{
    // How often it looks what can go next.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    // For so long it goes on trying while nothing moves: what blocks it may yet go (an interface that is reserved does after three minutes).
    private const int Patience = 240;

    /// <summary>Begins; a group that cannot be emptied stays, with what could not go, and the operation fails.</summary>
    public Outcome<ResourceGroup> Begin(ArmRequest r, string name) =>
        store.World.DeleteResourceGroup(name, (began, done) => Sweep(r, began, done, idle: 0));

    private void Sweep(ArmRequest r, ResourceGroup group, Action<CloudError?> done, int idle)
    {
        var left = store.All.Where(x => x.Type.Tracked && ResourceStore.IsWithin(x.Id, group.ResourceId)).ToList();
        if (left.Count == 0)
        {
            store.RemoveWithin(group.ResourceId);
            done(null);
            return;
        }

        CloudError? refusal = null;
        var moving = store.World.ScaleSets.Any(s => s.Group.Equals(group.Name, StringComparison.OrdinalIgnoreCase));
        foreach (var resource in left)
        {
            // It may have gone with another.
            if (store.Find(resource.Id) is not { } now)
            {
                moving = true;
            }
            else if (now.Provisioning == ProvisioningState.Deleting)
            {
                moving = true;
            }
            else
            {
                var began = deletes.Begin(now, r);
                refusal ??= began.Error;
                moving |= began.Ok;
            }
        }

        if (!moving && idle >= Patience)
        {
            done(new CloudError(409, "ResourceGroupDeletionBlocked",
                $"Deletion of resource group '{group.Name}' failed as resources with identifiers '{string.Join(", ", left.Select(x => x.Id.FullType + "/" + x.Id.FullName))}' could not be deleted.")
            { Details = refusal is null ? [] : [refusal] });
            return;
        }

        store.World.Agenda.In(Pause, () => Sweep(r, group, done, moving ? 0 : idle + 1));
    }
}
