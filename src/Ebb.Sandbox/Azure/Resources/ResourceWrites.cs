using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>PUT and PATCH of a resource: all that is checked for every type, in the order in which Azure does.</summary>
internal sealed class ResourceWrites(ResourceStore store)
{
    private CloudWorld World => store.World;

    public ArmReply Answer(ArmRequest r, ResourceType type, ResourceId asked) => ArmReply.From(
        World.Serve<(Resource Resource, Operation? Operation)>(type.KindOf(r.Method), asked.Name, type.FullName, () =>
        {
            try
            {
                return Write(r, type, asked);
            }
            catch (JsonRead.ModelException e)
            {
                return e.Error;
            }
        }),
        written => Reply(r, type, written.Resource, written.Operation));

    /// <summary>What a PUT would make, and why it would be refused; nothing is kept, and what it refers to need not be there.</summary>
    public Foreseen Foresee(ArmRequest r, ResourceType type, ResourceId asked, QuotaClaims claims)
    {
        var old = store.Find(asked);
        if (old is null && type.Names.Check(asked.Name) is { } refused)
        {
            return new Foreseen(refused, null, null);
        }

        // What it is nested in may be made by then; without that its type cannot say more.
        if (asked.Parent is { } parent && store.Find(parent) is null)
        {
            return new Foreseen(null, null, null);
        }

        try
        {
            var w = new Writing(store, old?.Id ?? asked, old, type.Merge(old, r.Body as JsonObject ?? Writing.Empty(), patch: false), r);
            if (type.Located)
            {
                ResourceModel.CheckLocation(w);
            }

            ResourceModel.CheckTags(w);
            type.Complete(w);
            var error = type.Foresee(w, claims);
            var (before, after) = type.Compared(w);
            return new Foreseen(error, before, error is null ? after : null);
        }
        catch (JsonRead.ModelException e)
        {
            return new Foreseen(e.Error, old?.Model, null);
        }
    }

    private Outcome<(Resource Resource, Operation? Operation)> Write(ArmRequest r, ResourceType type, ResourceId asked)
    {
        var old = store.Find(asked);
        if (Unwritable(r, type, asked, old) is { } refused)
        {
            return refused;
        }

        var body = r.Body as JsonObject ?? Writing.Empty();
        var id = old?.Id ?? Canonical(type, asked);
        var w = new Writing(store, id, old, type.Merge(old, body, r.Method == "PATCH"), r);
        if (type.Located)
        {
            ResourceModel.CheckLocation(w);
        }

        ResourceModel.CheckTags(w);
        type.Complete(w);
        if (References.Broken(store, id, w.Model) is { } broken)
        {
            return broken;
        }

        var carried = type.Write(w);
        if (carried.Error is { } error)
        {
            return error;
        }

        return Keep(w, type, carried.Operation);
    }

    private CloudError? Unwritable(ArmRequest r, ResourceType type, ResourceId asked, Resource? old)
    {
        if (ResourceScope.Missing(store, asked.Scope) is { } missing)
        {
            return missing;
        }

        if (asked.Group is { } group && World.FindGroup(group) is { Deleting: true } going)
        {
            return CloudErrors.GroupBeingDeleted(going.Name);
        }

        if (asked.Parent is { } parent && store.Find(parent) is null)
        {
            return new CloudError(404, "ParentResourceNotFound",
                $"Failed to perform '{(r.Method == "PATCH" ? "update" : "write")}' on resource(s) of type '{type.Name}', because the parent resource '{parent.Text}' could not be found.");
        }

        if (old is null)
        {
            return r.Method == "PATCH" ? ResourceRoutes.NotFound(asked) : type.Names.Check(asked.Name) ?? Precondition(r, null);
        }

        return Precondition(r, old)
            ?? (old.Provisioning == ProvisioningState.Deleting
                ? new CloudError(409, "AnotherOperationInProgress", $"Another operation on this or dependent resource is in progress. The resource '{old.Id}' is being deleted.")
                : null);
    }

    internal static CloudError? Precondition(ArmRequest r, Resource? old)
    {
        if (r.IfNoneMatch is { } none && old is not null && (none == "*" || none == old.ETag))
        {
            return new CloudError(412, "PreconditionFailed", $"Etag provided in if-none-match header {none} matches etag {old.ETag} of resource.");
        }

        if (r.IfMatch is not { } match || (match == "*" && old is not null) || (old is not null && (old.ETag is null || match == old.ETag)))
        {
            return null;
        }

        return old?.Type.ETags == ETagStyle.Weak
            ? new CloudError(412, "PreconditionFailed", "Precondition failed.")
            {
                Details =
                [
                    new CloudError(412, "PreconditionFailedEtagMismatch",
                        $"Etag provided in if-match header {match} does not match etag {old.ETag} of resource {old.Id} in NRP data store."),
                ],
            }
            : CloudErrors.ETagMismatch(match, old?.ETag ?? "\"\"");
    }

    /// <summary>The id in the casing of what it lies in, its own names as they were asked for.</summary>
    private ResourceId Canonical(ResourceType type, ResourceId asked) => asked.Parent is { } parent
        ? store.Find(parent)!.Id.Child(type.Name[(type.Name.LastIndexOf('/') + 1)..], asked.Name)
        : ResourceId.Of(ResourceScope.Canonical(store, asked.Scope), type.Namespace, type.Name, asked.Name);

    private (Resource, Operation?) Keep(Writing w, ResourceType type, Operation? operation)
    {
        operation ??= type.WriteTakes(w) is { } takes ? World.Carry(type.KindOf(w.Request.Method), w.Id.Name, type.FullName, takes) : null;
        var resource = new Resource
        {
            Id = w.Id,
            Type = type,
            Model = w.Model,
            CreatedAt = w.Old?.CreatedAt ?? World.Agenda.Now,
            ChangedAt = World.Agenda.Now,
            Version = (w.Old?.Version ?? 0) + 1,
            Provisioning = operation is null ? ProvisioningState.Succeeded : type.StateDuring(w),
        };
        store.Put(resource);
        type.Written(w, resource);
        if (operation is not null)
        {
            var version = resource.Version;
            World.WhenEnded(operation, error => store.Change(w.Id, now => now.Version != version || now.Provisioning == ProvisioningState.Deleting
                ? now
                : now with { Provisioning = error is null ? ProvisioningState.Succeeded : ProvisioningState.Failed }));
        }

        return (store.Find(w.Id) ?? resource, operation);
    }

    private ArmReply Reply(ArmRequest r, ResourceType type, Resource resource, Operation? operation)
    {
        var headers = type.Follow.Headers(r, store, type.Namespace, operation, location: false);
        if (operation is not null && type.Follow.OnlyLocation)
        {
            return new ArmReply(202) { Headers = [.. headers] };
        }

        var status = resource.Version == 1 ? type.CreatedStatus : 200;
        return new ArmReply(status, ResourceJson.Of(store, resource, r)) { Headers = [.. ResourceRoutes.Tag(resource), .. headers] };
    }
}
