using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>What every resource's body has in common.</summary>
internal static class ResourceModel
{
    /// <summary>A body laid over what was there; what only answers have is left out, and so are members that are null.</summary>
    public static JsonObject Merge(JsonObject? existing, JsonObject body)
    {
        var model = existing?.DeepClone().AsObject() ?? Writing.Empty();
        foreach (var (name, value) in body)
        {
            if (value is null || Is(name, "id", "name", "type", "etag", "systemData"))
            {
                continue;
            }

            var key = KeyIn(model, name);
            model[key] = Is(name, "tags", "zones") || model[key] is not JsonObject old || value is not JsonObject add
                ? Pruned(value)
                : MergeObject(old, add, Is(name, "identity"));
        }

        return model;
    }

    /// <summary>The location as the cloud writes it; refused when it is missing, is not served, or is not where the resource already is.</summary>
    public static void CheckLocation(Writing w)
    {
        var location = OptionalText(w.Model, "location")
            ?? w.Old?.Location
            ?? throw Refuse("LocationRequired", "The location property is required for this definition.");
        var plain = Plain(location);
        var here = w.World.Options.Location;
        var type = w.Id.FullType;
        if (plain != here && !(plain == "global" && w.Old is null && type.StartsWith("Microsoft.Network/", StringComparison.OrdinalIgnoreCase)))
        {
            throw Refuse("LocationNotAvailableForResourceType",
                $"The provided location '{location}' is not available for resource type '{type}'. List of available regions for the resource type is '{here}'.");
        }

        if (w.Old?.Location is { } there && there != plain)
        {
            throw new ModelException(new CloudError(409, "InvalidResourceLocation",
                $"The resource '{w.Id.Name}' already exists in location '{there}' in resource group '{w.Id.Group}'. A resource with the same name " +
                $"cannot be created in location '{location}'. Please select a new resource name."));
        }

        w.Model[KeyIn(w.Model, "location")] = plain;
    }

    /// <summary>Tags as they are kept; refused when one is not allowed.</summary>
    public static void CheckTags(Writing w)
    {
        var tags = ScaleSetModel.ReadTags(w.Model);
        w.Model.Remove(KeyIn(w.Model, "tags"));
        if (tags.Count > 0)
        {
            w.Model["tags"] = new JsonObject(tags.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value)));
        }
    }

    /// <summary>Names of locations compare without case and spaces.</summary>
    public static string Plain(string location) => location.Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>A copy without members that are null.</summary>
    private static JsonNode Pruned(JsonNode node)
    {
        switch (node)
        {
            case JsonObject o:
                var pruned = Writing.Empty();
                foreach (var (name, value) in o)
                {
                    if (value is not null)
                    {
                        pruned[name] = Pruned(value);
                    }
                }

                return pruned;
            case JsonArray a:
                return new JsonArray([.. a.Select(item => item is null ? null : Pruned(item))]);
            default:
                return node.DeepClone();
        }
    }

    private static JsonObject MergeObject(JsonObject existing, JsonObject add, bool nullRemoves)
    {
        var merged = existing.DeepClone().AsObject();
        foreach (var (name, value) in add)
        {
            var key = KeyIn(merged, name);
            if (value is null)
            {
                // An identity is taken away by naming it with null.
                if (nullRemoves)
                {
                    merged.Remove(key);
                }

                continue;
            }

            merged[key] = merged[key] is JsonObject old && value is JsonObject inner ? MergeObject(old, inner, nullRemoves) : Pruned(value);
        }

        return merged;
    }
}
