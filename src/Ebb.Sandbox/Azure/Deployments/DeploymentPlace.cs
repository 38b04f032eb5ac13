using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Azure.Templates;
using Ebb.Sandbox.Azure.Templates.Expanding;

namespace Ebb.Sandbox.Azure.Deployments;

/// <summary>What templates find where they are deployed: subscription, group, environment, providers.</summary>
internal sealed class DeploymentPlace(ResourceStore resources, Func<string, JsonObject?> provider)
{
    /// <param name="around">The deployment around a nested one that does not run yet: it may make the group; else null.</param>
    /// <exception cref="TemplateException">There is no such group.</exception>
    public Surroundings Of(DeploymentScope scope, string name, DeploymentOrder order, Sender sender, Expansion? around)
    {
        var world = resources.World;
        return new Surroundings
        {
            Subscription = Values.Object(
                ("id", $"/subscriptions/{world.Options.SubscriptionId}"),
                ("subscriptionId", world.Options.SubscriptionId),
                ("tenantId", world.Options.TenantId),
                ("displayName", "sandbox")),
            Tenant = Values.Object(("countryCode", "US"), ("displayName", "sandbox"), ("id", $"/tenants/{world.Options.TenantId}"), ("tenantId", world.Options.TenantId)),
            ResourceGroup = scope.Group is { } group ? GroupJson(group, around) : null,
            Deployment = DeploymentFacts(name, order),
            Environment = EnvironmentFacts.Of(sender.BaseUrl),
            Deployer = Values.Object(("objectId", sender.Caller.ObjectId), ("tenantId", world.Options.TenantId)),
            Provider = provider,
            Now = world.Agenda.Now,
            NewGuid = () => Guid.Parse(world.NewId()),
        };
    }

    private JsonObject GroupJson(string name, Expansion? around)
    {
        // A template may make a group and deploy into it: before it runs there is only what the template says of it.
        var id = $"/subscriptions/{resources.World.Options.SubscriptionId}/resourceGroups/{name}";
        var group = resources.World.FindGroup(name);
        var coming = around?.Resources.FirstOrDefault(r => r.Id.Equals(id, StringComparison.OrdinalIgnoreCase));
        if (group is null && coming is null)
        {
            throw new TemplateException("ResourceGroupNotFound", $"Resource group '{name}' could not be found.");
        }

        var location = group?.Location ?? Values.Text(Values.Member(coming!.Body(null), "location")) ?? resources.World.Options.Location;
        return Values.Object(
            ("id", group?.ResourceId ?? id),
            ("name", group?.Name ?? name),
            ("type", "Microsoft.Resources/resourceGroups"),
            ("location", location),
            ("tags", new JsonObject(group?.Tags.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value)) ?? [], Values.NoCase)),
            ("properties", Values.Object(("provisioningState", "Succeeded"))));
    }

    private static JsonObject DeploymentFacts(string name, DeploymentOrder order)
    {
        var json = Values.Object(
            ("name", name),
            ("properties", Values.Object(
                ("template", order.Template.Root),
                ("templateHash", DeploymentEngine.HashOf(order.Template.Root)),
                ("parameters", order.Parameters ?? []),
                ("mode", order.Complete ? "Complete" : "Incremental"),
                ("provisioningState", "Accepted"))));
        if (order.Location is { } location)
        {
            json["location"] = location;
        }

        return json;
    }
}
