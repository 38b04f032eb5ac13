using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

internal sealed partial class SubscriptionRoutes
{
    private ArmReply ListGroups(ArmRequest r)
    {
        var filter = ResourceFilter.Parse(r.Query["$filter"].ToString());
        if (filter is null)
        {
            return BadFilter(r);
        }

        return ArmReply.From(_world.ListResourceGroups(), listing =>
            new ArmReply(200, ScaleSetRoutes.Value(listing.Items.Where(g => authorization.Allows(r.Caller, "Microsoft.Resources/subscriptions/resourceGroups/read", g.ResourceId)).Select(Group).Where(g => filter.Matches(g, "")).Take(Top(r)))));
    }

    private ArmReply? OfGroup(ArmRequest r, string name)
    {
        switch (r.Method)
        {
            case "GET":
                return ArmReply.From(_world.GetResourceGroup(name), g => new ArmReply(200, Group(g)));
            case "HEAD":
                return ArmReply.From(_world.GetResourceGroup(name), _ => new ArmReply(204));
            case "PUT" or "PATCH":
                return PutGroup(r, name);
            case "DELETE":
                var outcome = deletion.Begin(r, name);
                return ArmReply.From(outcome, _ => new ArmReply(202) { Headers = [.. GroupHeaders(r, outcome.Operation!.Id)] });
            default:
                return null;
        }
    }

    private ArmReply PutGroup(ArmRequest r, string name)
    {
        try
        {
            var body = r.Body as JsonObject ?? [];
            var tags = JsonRead.Object(body, "tags") is null ? null : ScaleSetModel.ReadTags(body);
            var location = JsonRead.OptionalText(body, "location")?.Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();
            if (r.Method == "PATCH")
            {
                var existing = _world.GetResourceGroup(name);
                if (!existing.Ok)
                {
                    return ArmReply.Error(existing.Error);
                }

                location = existing.Value.Location;
            }

            return location is null
                ? ArmReply.Error(400, "LocationRequired", "The location property is required for this definition.")
                : ArmReply.From(_world.PutResourceGroup(name, location, tags), g => new ArmReply(g.Created ? 201 : 200, Group(g)));
        }
        catch (JsonRead.ModelException e)
        {
            return ArmReply.Error(e.Error);
        }
    }

    private ArmReply GroupOperation(ArmRequest r, string id) => ArmReply.From(_world.GetOperation(id), operation => operation.Status switch
    {
        OperationStatus.InProgress => new ArmReply(202) { Headers = [.. GroupHeaders(r, id)] },
        _ when operation.Error is { } error => ArmReply.Error(error),
        _ => new ArmReply(200),
    });

    private static JsonObject Group(ResourceGroup group) => new()
    {
        ["id"] = group.ResourceId,
        ["name"] = group.Name,
        ["type"] = "Microsoft.Resources/resourceGroups",
        ["location"] = group.Location,
        ["tags"] = new JsonObject(group.Tags.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value))),
        ["properties"] = new JsonObject { ["provisioningState"] = group.Deleting ? "Deleting" : "Succeeded" },
    };
}
