using System.Text.Json.Nodes;
using System.Xml;
using Ebb.Sandbox.Azure.Templates;
using Ebb.Sandbox.Azure.Templates.Expanding;

namespace Ebb.Sandbox.Azure.Deployments;

/// <summary>Deployments as answers show them.</summary>
internal static class DeploymentJson
{
    public const string Type = "Microsoft.Resources/deployments";

    public static JsonObject Of(Deployment d, DateTimeOffset now)
    {
        var properties = Properties(d.Order, d.Expansion, d.TemplateHash, d.CorrelationId);
        properties["provisioningState"] = d.State;
        properties["timestamp"] = Time(d.ChangedAt);
        properties["duration"] = XmlConvert.ToString((d.EndedAt ?? now) - d.StartedAt);
        if (d.Outputs is { } outputs)
        {
            properties["outputs"] = outputs.DeepClone();
        }

        if (!d.Active)
        {
            properties["outputResources"] = Values.List(d.OutputResources.Order(StringComparer.OrdinalIgnoreCase).Select(id => Values.Object(("id", id))));
        }

        if (d.Error is { } error)
        {
            properties["error"] = error.DeepClone();
        }

        if (d.Order.OnError is { } onError)
        {
            properties["onErrorDeployment"] = Values.Object(
                ("type", onError.Length == 0 ? "LastSuccessful" : "SpecificDeployment"),
                ("deploymentName", d.Instead?.Name ?? onError),
                ("provisioningState", d.Instead?.State ?? "NotSpecified"));
        }

        return Around(d.Scope, d.Name, d.Order, properties);
    }

    /// <summary>What has been found valid, and was not deployed.</summary>
    public static JsonObject Validated(DeploymentScope scope, string name, DeploymentOrder order, Expansion expansion, string hash, string correlation, DateTimeOffset now)
    {
        var properties = Properties(order, expansion, hash, correlation);
        properties["provisioningState"] = "Succeeded";
        properties["timestamp"] = Time(now);
        properties["duration"] = "PT0S";
        properties["validatedResources"] = Values.List(expansion.Resources.Where(r => !r.Existing).Select(r => Values.Object(("id", r.Id))));
        return Around(scope, name, order, properties);
    }

    public static JsonObject Of(Deployment d, DeploymentStep step, DateTimeOffset now)
    {
        var properties = Values.Object(
            ("provisioningOperation", step.Kind),
            ("provisioningState", step.State),
            ("timestamp", Time(step.ChangedAt)),
            ("duration", XmlConvert.ToString((step.EndedAt ?? now) - step.StartedAt)),
            ("trackingId", step.TrackingId),
            ("serviceRequestId", step.TrackingId));
        foreach (var (name, value) in ((string, JsonNode?)[])[("statusCode", step.Status), ("statusMessage", step.Message)])
        {
            if (value is not null)
            {
                properties[name] = value.DeepClone();
            }
        }

        if (step.Target is var (id, type, resource))
        {
            properties["targetResource"] = Values.Object(("id", id), ("resourceType", type), ("resourceName", resource));
        }

        foreach (var (name, content) in ((string, JsonNode?)[])[("request", step.Request), ("response", step.Response)])
        {
            if (content is not null)
            {
                properties[name] = Values.Object(("content", content));
            }
        }

        return Values.Object(("id", $"{d.Id}/operations/{step.Id}"), ("operationId", step.Id), ("properties", properties));
    }

    /// <summary>What the poll address of a deployment answers.</summary>
    public static JsonObject Status(Deployment d)
    {
        var json = Values.Object(("status", d.State));
        if (d.Error is { } error)
        {
            json["error"] = error.DeepClone();
        }

        return json;
    }

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ");

    private static JsonObject Around(DeploymentScope scope, string name, DeploymentOrder order, JsonObject properties)
    {
        var json = Values.Object(("id", scope.IdOf(name)), ("name", name), ("type", Type));
        if (order.Location is { } location)
        {
            json["location"] = location;
        }

        if (order.Tags.Count > 0)
        {
            json["tags"] = new JsonObject(order.Tags.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value)));
        }

        json["properties"] = properties;
        return json;
    }

    private static JsonObject Properties(DeploymentOrder order, Expansion expansion, string hash, string correlation)
    {
        var properties = Values.Object(
            ("templateHash", hash),
            ("parameters", expansion.Parameters.DeepClone()),
            ("mode", order.Complete ? "Complete" : "Incremental"),
            ("correlationId", correlation),
            ("providers", Providers(expansion)),
            ("dependencies", Dependencies(expansion)));
        if (!order.DebugDetail.Equals("none", StringComparison.OrdinalIgnoreCase))
        {
            properties["debugSetting"] = Values.Object(("detailLevel", order.DebugDetail));
        }

        return properties;
    }

    private static JsonArray Providers(Expansion expansion) => Values.List(expansion.Resources
        .Select(r => (Space: r.Key.Type.Split('/')[0], Type: r.Key.Type[(r.Key.Type.IndexOf('/') + 1)..], Location: Values.Text(Values.Member(r.Source, "location"))))
        .GroupBy(r => r.Space, StringComparer.OrdinalIgnoreCase)
        .Select(space => Values.Object(
            ("namespace", space.Key),
            ("resourceTypes", Values.List(space.GroupBy(r => r.Type, StringComparer.OrdinalIgnoreCase).Select(type => Values.Object(
                ("resourceType", type.Key),
                ("locations", Values.List(type.Select(t => t.Location).Where(l => l is not null && !l.StartsWith('[')).Distinct().Select(l => (JsonNode?)l))))))))));

    private static JsonArray Dependencies(Expansion expansion) => Values.List(expansion.Resources.Where(r => r.After.Length > 0).Select(r =>
    {
        var json = Reference(r);
        json.Insert(0, "dependsOn", Values.List(r.After.Select(Reference)));
        return json;
    }));

    private static JsonObject Reference(TemplateResource r) =>
        Values.Object(("id", r.Id), ("resourceType", r.Key.Type), ("resourceName", r.Key.Name));
}
