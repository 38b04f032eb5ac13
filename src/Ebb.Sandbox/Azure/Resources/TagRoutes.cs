using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>Tags of anything, read and changed without the rest of it: what they belong to is read and patched as by its own client.</summary>
internal sealed class TagRoutes(ResourceStore store, Func<ArmRequest, ArmReply> dispatch)
{
    private JsonObject _ofSubscription = [];

    /// <summary>Null when the request is none of these.</summary>
    public ArmReply? Answer(ArmRequest r)
    {
        if (r is { Method: "GET", Lower: ["subscriptions", _, "tagnames"] })
        {
            return Names(r);
        }

        if (ResourceId.At(r.Segments) is not var (scope, tail) || tail is not [var space, var type, var name]
            || !JsonRead.Is(space, "Microsoft.Resources") || !JsonRead.Is(type, "tags") || !JsonRead.Is(name, "default"))
        {
            return null;
        }

        try
        {
            return r.Method switch
            {
                "GET" => Read(r, scope),
                "PUT" => Write(r, scope, _ => Wanted(r)),
                "PATCH" => Write(r, scope, old => Patched(r, old)),
                "DELETE" => Write(r, scope, _ => []) is { Status: 200 } ? new ArmReply(200) : Write(r, scope, _ => []),
                _ => null,
            };
        }
        catch (JsonRead.ModelException e)
        {
            return ArmReply.Error(e.Error);
        }
    }

    private ArmReply Read(ArmRequest r, string scope)
    {
        var (tags, refused) = TagsOf(r, scope);
        return refused ?? new ArmReply(200, Json(scope, tags));
    }

    private ArmReply Write(ArmRequest r, string scope, Func<JsonObject, JsonObject> change)
    {
        var (old, refused) = TagsOf(r, scope);
        if (refused is not null)
        {
            return refused;
        }

        var tags = change(old);
        if (IsSubscription(scope))
        {
            _ = ScaleSetModel.ReadTags(new JsonObject { ["tags"] = tags.DeepClone() });
            _ofSubscription = tags;
            return new ArmReply(200, Json(scope, tags));
        }

        var patched = dispatch(Inner(r, "PATCH", scope, new JsonObject { ["tags"] = tags.DeepClone() }));
        return patched.Status >= 300 ? patched : new ArmReply(200, Json(scope, tags));
    }

    private (JsonObject Tags, ArmReply? Refused) TagsOf(ArmRequest r, string scope)
    {
        if (IsSubscription(scope))
        {
            return (_ofSubscription, null);
        }

        var read = dispatch(Inner(r, "GET", scope, null));
        return read.Status == 200 ? (JsonRead.Get(read.Body, "tags") as JsonObject ?? [], null) : ([], read);
    }

    // Whoever may tag something need not be allowed to change the rest of it.
    private static ArmRequest Inner(ArmRequest r, string method, string scope, JsonNode? body) =>
        ArmRequest.Internal(method, $"{scope}?api-version={r.ApiVersion}", body, ArmCaller.Trusted, r.BaseUrl);

    private static JsonObject Wanted(ArmRequest r) => JsonRead.Object(JsonRead.Object(r.Body as JsonObject, "properties"), "tags") ?? [];

    private static JsonObject Patched(ArmRequest r, JsonObject old)
    {
        var operation = JsonRead.OptionalText(r.Body as JsonObject, "operation") ?? throw JsonRead.Required("operation");
        var tags = Wanted(r).DeepClone().AsObject();
        if (JsonRead.Is(operation, "Replace"))
        {
            return tags;
        }

        if (!JsonRead.Is(operation, "Merge", "Delete"))
        {
            throw JsonRead.Refuse("InvalidRequestContent", $"The operation '{operation}' is not valid. Allowed values are 'Replace', 'Merge', 'Delete'.");
        }

        var result = old.DeepClone().AsObject();
        foreach (var (name, value) in tags)
        {
            var key = JsonRead.KeyIn(result, name);
            if (JsonRead.Is(operation, "Merge"))
            {
                result[key] = value?.DeepClone();
            }
            else if (result.ContainsKey(key) && (JsonRead.Text(value) ?? "") is var text && (text.Length == 0 || text == JsonRead.Text(result[key])))
            {
                result.Remove(key);
            }
        }

        return result;
    }

    private static JsonObject Json(string scope, JsonObject tags) => new()
    {
        ["id"] = $"{scope}/providers/Microsoft.Resources/tags/default",
        ["name"] = "default",
        ["type"] = "Microsoft.Resources/tags",
        ["properties"] = new JsonObject { ["tags"] = tags.DeepClone() },
    };

    /// <summary>Every tag in use, with its values and how often each is.</summary>
    private ArmReply Names(ArmRequest r) => ArmReply.From(
        store.World.Read<List<(string Name, string Value)>>(CallKind.ListResources, () => AllTags().ToList()),
        all => new ArmReply(200, ScaleSetRoutes.Value(all
            .GroupBy(t => t.Name, StringComparer.OrdinalIgnoreCase)
            .Select(g => new JsonObject
            {
                ["id"] = $"{store.Subscription}/tagNames/{g.Key}",
                ["tagName"] = g.Key,
                ["count"] = Count(g.Count()),
                ["values"] = new JsonArray([.. g.GroupBy(t => t.Value, StringComparer.Ordinal).Select(v => (JsonNode)new JsonObject
                {
                    ["id"] = $"{store.Subscription}/tagNames/{g.Key}/tagValues/{v.Key}",
                    ["tagValue"] = v.Key,
                    ["count"] = Count(v.Count()),
                })]),
            }))));

    private IEnumerable<(string Name, string Value)> AllTags() => store.All
        .Where(x => x.Type.Tracked)
        .SelectMany(x => (x.Model["tags"] as JsonObject ?? []).Select(t => (t.Key, JsonRead.Text(t.Value) ?? "")))
        .Concat(store.World.ScaleSets.SelectMany(s => s.Tags.Select(t => (t.Key, t.Value))));

    private static JsonObject Count(int value) => new() { ["type"] = "Total", ["value"] = value };

    private static bool IsSubscription(string scope) => scope.Split('/', StringSplitOptions.RemoveEmptyEntries).Length == 2;
}
