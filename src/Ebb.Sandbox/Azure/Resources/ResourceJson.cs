using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>A resource as resource manager shows it.</summary>
internal static class ResourceJson
{
    public static JsonObject Of(ResourceStore store, Resource resource, ArmRequest r)
    {
        // Answers begin with who they are, as Azure's do.
        var json = new JsonObject(new JsonNodeOptions { PropertyNameCaseInsensitive = true })
        {
            ["name"] = resource.Name,
            ["id"] = resource.Id.Text,
        };
        if (resource.ETag is { } tag)
        {
            json["etag"] = tag;
        }

        json["type"] = resource.Type.FullName;
        foreach (var (name, value) in resource.Model)
        {
            json[name] = value?.DeepClone();
        }

        if (json["identity"] is JsonObject identity)
        {
            IdentityJson.Fill(store, resource.Id.Text, identity);
        }

        var properties = ScaleSetJson.Child(json, "properties");
        if (resource.Type.HasState)
        {
            properties["provisioningState"] = resource.Provisioning.ToString();
        }

        resource.Type.Show(store, resource, json, r);
        return json;
    }

    /// <summary>As an item of the list of all resources.</summary>
    public static JsonObject Item(Resource resource, string expand)
    {
        var item = new JsonObject { ["id"] = resource.Id.Text, ["name"] = resource.Id.FullName, ["type"] = resource.Type.FullName };
        foreach (var name in new[] { "location", "tags", "kind", "managedBy", "sku", "plan", "identity", "zones" })
        {
            if (resource.Model[name] is { } value)
            {
                item[name] = value.DeepClone();
            }
        }

        foreach (var name in expand.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            switch (name.ToLowerInvariant())
            {
                case "createdtime":
                    item["createdTime"] = ScaleSetJson.Time(resource.CreatedAt);
                    break;
                case "changedtime":
                    item["changedTime"] = ScaleSetJson.Time(resource.ChangedAt);
                    break;
                case "provisioningstate":
                    item["provisioningState"] = resource.Provisioning.ToString();
                    break;
            }
        }

        return item;
    }
}
