using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>DELETE of a resource, with the checks that hold for every type.</summary>
internal sealed class ResourceDeletes(ResourceStore store)
{
    public ArmReply Answer(ArmRequest r, ResourceType type, ResourceId id) => ArmReply.From(
        store.World.Serve<Deletion>(type.KindOf(r.Method), id.Name, type.FullName, () =>
        {
            if (ResourceScope.Missing(store, id.Scope) is { } missing)
            {
                return missing;
            }

            if (store.Find(id) is not { } resource)
            {
                return new Deletion(null, null);
            }

            if (ResourceWrites.Precondition(r, resource) is { } refused)
            {
                return refused;
            }

            var began = Begin(resource, r);
            return began.Error is { } error ? error : new Deletion(resource, began.Operation);
        }),
        deletion => Reply(r, type, deletion));

    private ArmReply Reply(ArmRequest r, ResourceType type, Deletion deletion)
    {
        if (deletion.Was is not { } was)
        {
            return new ArmReply(204);
        }

        return deletion.Operation is { } operation
            ? new ArmReply(202) { Headers = [.. type.Follow.Headers(r, store, type.Namespace, operation, location: true)] }
            : new ArmReply(200, type.EchoesDeleted ? ResourceJson.Of(store, was, r) : null);
    }

    /// <summary>Deletes what nobody uses; the operation to follow is null when it is gone already.</summary>
    public Outcome<Operation?> Begin(Resource resource, ArmRequest r)
    {
        if (resource.Provisioning == ProvisioningState.Deleting && resource.Going is { } going)
        {
            return new Outcome<Operation?> { Operation = going };
        }

        var type = resource.Type;
        if (type.Refuse(store, resource, store.UsersOf(resource.Id)) is { } refused)
        {
            return refused;
        }

        var carried = type.Delete(store, resource, r);
        if (carried.Error is { } error)
        {
            return error;
        }

        var operation = carried.Operation
            ?? (type.DeleteTakes(resource) is { } takes ? store.World.Carry(type.KindOf("DELETE"), resource.Name, type.FullName, takes) : null);
        if (operation is null)
        {
            Gone(resource);
            return new Outcome<Operation?>();
        }

        store.Change(resource.Id, now => now with { Provisioning = ProvisioningState.Deleting, Going = operation });
        store.World.WhenEnded(operation, failure =>
        {
            if (failure is null)
            {
                Gone(resource);
            }
            else
            {
                store.Change(resource.Id, now => now with { Provisioning = ProvisioningState.Failed, Going = null });
            }
        });
        return new Outcome<Operation?> { Operation = operation };
    }

    private void Gone(Resource resource)
    {
        // Nested resources have gone with it: they may have something of their own to give up.
        var last = store.Find(resource.Id) ?? resource;
        var below = store.Below(resource.Id).ToList();
        store.Remove(resource.Id);
        foreach (var nested in below)
        {
            nested.Type.Deleted(store, nested);
        }

        last.Type.Deleted(store, last);
    }

    /// <param name="Was">Null when there was nothing to delete.</param>
    private sealed record Deletion(Resource? Was, Operation? Operation);
}
