using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>Resources of all registered types: by id, in lists, with their actions.</summary>
internal sealed class ResourceRoutes(ResourceStore store, ResourceWrites writes, ResourceDeletes deletes)
{
    /// <summary>Null when the request is none of these.</summary>
    public ArmReply? Answer(ArmRequest r)
    {
        if (ResourceId.At(r.Segments) is not var (scope, rest) || rest.Length < 2)
        {
            return null;
        }

        try
        {
            foreach (var type in store.Types.Where(t => t.Namespace.Equals(rest[0], StringComparison.OrdinalIgnoreCase)))
            {
                if (type.Elsewhere(store, r) is { } reply)
                {
                    return reply;
                }
            }

            return rest.Length % 2 == 1 ? OfResource(r, ResourceId.Of(scope, rest)) : OfList(r, scope, rest) ?? OfPart(r, scope, rest);
        }
        catch (JsonRead.ModelException e)
        {
            return ArmReply.Error(e.Error);
        }
    }

    private ArmReply? OfResource(ArmRequest r, ResourceId id)
    {
        if (store.TypeOf(id.FullType) is not { } type || !Fits(type, id.Scope))
        {
            return null;
        }

        return r.Method switch
        {
            "PUT" or "PATCH" => writes.Answer(r, type, id),
            "GET" => Found(r, type, id, resource => new ArmReply(200, ResourceJson.Of(store, resource, r)) { Headers = [.. Tag(resource)] }),
            "HEAD" => Found(r, type, id, _ => new ArmReply(204)),
            "DELETE" => deletes.Answer(r, type, id),
            _ => null,
        };
    }

    private ArmReply? OfList(ArmRequest r, string scope, string[] rest)
    {
        var parent = ResourceId.Of(scope, rest.AsSpan(0, rest.Length - 1));
        var typeName = string.Join('/', parent.Types.Add(rest[^1]));
        if (r.Method != "GET" || store.TypeOf($"{rest[0]}/{typeName}") is not { } type)
        {
            return null;
        }

        return ArmReply.From(
            store.World.Serve<List<Resource>>(CallKind.ListResources, null, type.FullName, () =>
            {
                if (Missing(scope) is { } missing)
                {
                    return missing;
                }

                var within = parent.Names.Length > 0 ? parent.Text : scope;
                return parent.Names.Length > 0 && store.Find(parent) is null
                    ? NotFound(parent)
                    : type.List(store, within, r).ToList();
            }),
            list => Page(r, list));
    }

    private ArmReply? OfPart(ArmRequest r, string scope, string[] rest)
    {
        var id = ResourceId.Of(scope, rest.AsSpan(0, rest.Length - 1));
        if (r.Method is not ("GET" or "POST") || id.Names.Length == 0 || store.TypeOf(id.FullType) is not { } type)
        {
            return null;
        }

        var part = rest[^1].ToLowerInvariant();
        var kind = r.Method == "POST" ? type.KindOfAction(part) : type.KindOf(r.Method);
        return kind is null
            ? ArmReply.From(Part(), reply => reply)
            : ArmReply.From(store.World.Serve(kind.Value, id.Name, type.FullName, Part), reply => reply);

        Outcome<ArmReply> Part()
        {
            if (store.Find(id) is not { } resource)
            {
                return Missing(id.Scope) ?? NotFound(id);
            }

            return type.Below(store, resource, part, r) ?? Unknown(type, rest[^1]);
        }
    }

    private ArmReply Found(ArmRequest r, ResourceType type, ResourceId id, Func<Resource, ArmReply> reply) => ArmReply.From(
        store.World.Serve<Resource>(type.KindOf(r.Method), id.Name, type.FullName, () =>
            Missing(id.Scope) ?? (store.TryFind(id, out var resource) ? resource : (Outcome<Resource>)NotFound(id))),
        reply);

    private ArmReply Page(ArmRequest r, List<Resource> all)
    {
        var after = r.Query["$skiptoken"].ToString();
        var rest = all.Where(x => after.Length == 0 || string.CompareOrdinal(x.Id.Key, after) > 0).ToList();
        var page = rest.Take(store.Options.PageSize).ToList();
        var body = ScaleSetRoutes.Value(page.Select(x => ResourceJson.Of(store, x, r)));
        if (page.Count < rest.Count)
        {
            body["nextLink"] = Paging.Next(r, page[^1].Id.Key);
        }

        return new ArmReply(200, body);
    }

    /// <summary>Why a scope does not hold resources; null when it does.</summary>
    private CloudError? Missing(string scope) => ResourceScope.Missing(store, scope);

    private static bool Fits(ResourceType type, string scope) => type.Extends || ResourceScope.IsGroup(scope);

    internal static (string, string)[] Tag(Resource resource) => resource.ETag is { } tag ? [("ETag", tag)] : [];

    internal static CloudError NotFound(ResourceId id) => id.Group is { } group
        ? CloudErrors.ResourceNotFound($"{id.FullType}/{id.FullName}", group)
        : new CloudError(404, "ResourceNotFound", $"The Resource '{id.FullType}/{id.FullName}' was not found.");

    private static ArmReply Unknown(ResourceType type, string part) => ArmReply.Error(
        404, "InvalidResourceType", $"The resource type '{type.Name}/{part}' could not be found in the namespace '{type.Namespace}'.");
}
