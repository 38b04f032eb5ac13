using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates;
using Ebb.Sandbox.Azure.Templates.Expanding;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Deployments;

/// <summary>Says what a deployment would change, resource by resource, without changing anything.</summary>
internal sealed class WhatIf(DeploymentEngine engine, Preflight preflight)
{
    private const string AnyVersion = "2021-04-01";

    public List<JsonObject> Changes(DeploymentScope scope, DeploymentOrder order, Expansion expansion, Sender sender)
    {
        expansion.Renew();
        var changes = new List<JsonObject>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        Collect(expansion, order.IdsOnly, sender, changes, seen);
        foreach (var id in (scope.Group is null ? [] : engine.ListGroup(scope, sender) ?? []).Where(id => !seen.Contains(id)))
        {
            var change = Change(id, order.Complete ? "Delete" : "Ignore");
            if (!order.IdsOnly)
            {
                change["before"] = Read(id, AnyVersion, sender);
            }

            changes.Add(change);
        }

        return [.. changes.OrderBy(c => Values.Text(c["resourceId"]), StringComparer.OrdinalIgnoreCase)];
    }

    private void Collect(Expansion expansion, bool idsOnly, Sender sender, List<JsonObject> changes, HashSet<string> seen)
    {
        foreach (var resource in expansion.Resources.Where(r => !r.Existing))
        {
            if (!resource.IsDeployment)
            {
                seen.Add(resource.Id);
                changes.Add(Of(resource, idsOnly, sender));
                continue;
            }

            // Its resources are told instead of the deployment itself.
            if (engine.ExpandNested(expansion, resource, sender, null) is var (_, _, inner))
            {
                Collect(inner, idsOnly, sender, changes, seen);
                continue;
            }

            var change = Change(resource.Id, "Unsupported");
            change["unsupportedReason"] = "Changes to the resources of this deployment cannot be told: its parameters are known only when what they refer to has been deployed.";
            changes.Add(change);
        }
    }

    private JsonObject Of(TemplateResource resource, bool idsOnly, Sender sender)
    {
        var before = Read(resource.Id, resource.Key.ApiVersion, sender);
        if (idsOnly)
        {
            return Change(resource.Id, before is null ? "Create" : "Deploy");
        }

        var body = resource.Body(Present(sender));
        var after = Shown(resource, body);
        if (before is null)
        {
            var create = Change(resource.Id, "Create");
            create["after"] = after;
            return create;
        }

        // What its provider keeps now and would keep then says it exactly; else what the template says is held against what is there.
        var foreseen = Preflight.IsOpen(body) ? null : preflight.Foresee(resource, body, sender, new QuotaClaims());
        var delta = foreseen is { Before: { } old, After: { } made } ? Delta.Exact(old, made, body) : Delta.Named(before, body);
        var change = Change(resource.Id, delta.Count == 0 ? "NoChange" : "Modify");
        change["before"] = before;
        change["after"] = after;
        if (delta.Count > 0)
        {
            change["delta"] = Values.List(delta);
        }

        return change;
    }

    private static JsonObject Change(string id, string kind) => Values.Object(("resourceId", id), ("changeType", kind));

    private static JsonObject Shown(TemplateResource resource, JsonObject body)
    {
        var shown = Values.Object(("apiVersion", resource.Key.ApiVersion), ("id", resource.Id), ("name", resource.Key.Name.Split('/')[^1]), ("type", resource.Key.Type));
        foreach (var (name, value) in body)
        {
            shown[name] = value?.DeepClone();
        }

        Delta.HideSecrets(shown);
        return shown;
    }

    private JsonObject? Read(string id, string version, Sender sender) =>
        engine.Errand.Ask("GET", id, version, null, sender) is { Status: 200, Silent: false, Body: JsonObject body } ? (JsonObject)body.DeepClone() : null;

    // Resources that are there answer now; for others the expression stays as it is written.
    private Runtime Present(Sender sender)
    {
        var live = engine.RuntimeOf(sender);
        return new Runtime((id, version) => Or(() => live.Read(id, version)), (id, action, version, body) => Or(() => live.Ask(id, action, version, body)));

        static T Or<T>(Func<T> ask)
        {
            try
            {
                return ask();
            }
            catch (TemplateException)
            {
                throw new NotYetException();
            }
        }
    }
}
