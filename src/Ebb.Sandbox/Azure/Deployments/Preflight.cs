using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Azure.Templates;
using Ebb.Sandbox.Azure.Templates.Expanding;
using Ebb.Sandbox.Azure.Templates.Expressions;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Deployments;

/// <summary>What providers would refuse, found before anything is made: quota, sizes, names, places, unknown types.</summary>
internal sealed class Preflight(ResourceStore resources, ResourceWrites writes, DeploymentEngine engine, Func<string, JsonObject?> provider)
{
    // What is missing now may be made by the same deployment first; whether it is there is seen when it is needed.
    private static readonly string[] OfMissing =
        ["InvalidResourceReference", "ParentResourceNotFound", "NotFound", "ResourceNotFound", "ResourceGroupNotFound", "StorageAccountNotFound"];

    /// <summary>May the sender do this? Null: yes. Asked with the request that would be sent.</summary>
    public Func<ArmRequest, CloudError?> Forbids { get; set; } = _ => null;

    /// <summary>All problems of a template's resources, those of templates inside it too.</summary>
    /// <exception cref="TemplateException">A template inside it is wrong.</exception>
    public IEnumerable<JsonObject> Problems(Expansion expansion, Sender sender)
    {
        expansion.Renew();
        return Problems(expansion, sender, new QuotaClaims());
    }

    /// <summary>What a resource would be after its write, as far as its provider can say without making it; null when it cannot.</summary>
    /// <param name="body">Without expressions that have no value yet.</param>
    public Foreseen? Foresee(TemplateResource resource, JsonObject body, Sender sender, QuotaClaims claims)
    {
        var request = ArmRequest.Internal("PUT", Errand.Url(resource.Id, resource.Key.ApiVersion), body, sender.Caller, sender.BaseUrl);
        if (ResourceId.Parse(resource.Id) is not { } id)
        {
            return null;
        }

        if (resources.Registrations.Refuse(id.FullType.Split('/')[0]) is { } unregistered)
        {
            return new Foreseen(unregistered, null, null);
        }

        if (id.FullType.Equals("Microsoft.Compute/virtualMachineScaleSets", StringComparison.OrdinalIgnoreCase) && id.Group is { } group)
        {
            return resources.World.GroupExists(group) ? resources.World.ForeseeScaleSet(group, id.Name, (JsonObject)request.Body!, claims) : null;
        }

        return resources.TypeOf(id.FullType) is { } type ? writes.Foresee(request, type, id, claims) : null;
    }

    private IEnumerable<JsonObject> Problems(Expansion expansion, Sender sender, QuotaClaims claims)
    {
        foreach (var resource in expansion.Resources.Where(r => !r.Existing))
        {
            if (resource.IsDeployment)
            {
                foreach (var problem in engine.ExpandNested(expansion, resource, sender, null) is var (_, _, inner) ? Problems(inner, sender, claims) : [])
                {
                    yield return problem;
                }
            }
            else if (Problem(resource, sender, claims) is { } error)
            {
                yield return ArmReply.Json(error.Target is null ? error with { Target = resource.Id } : error);
            }
        }
    }

    private CloudError? Problem(TemplateResource resource, Sender sender, QuotaClaims claims)
    {
        if (UnknownType(resource) is { } unknown)
        {
            return unknown;
        }

        if (Forbids(ArmRequest.Internal("PUT", Errand.Url(resource.Id, resource.Key.ApiVersion), null, sender.Caller, sender.BaseUrl)) is { } forbidden)
        {
            return forbidden;
        }

        var body = resource.Body(null);
        return IsOpen(body) || Foresee(resource, body, sender, claims)?.Error is not { } error || OfMissing.Contains(error.Code) ? null : error;
    }

    private CloudError? UnknownType(TemplateResource resource)
    {
        var type = resource.Key.Type;
        var space = type.Split('/')[0];

        // The old way to write an extension: its own provider is in the name.
        if (type.Contains("/providers/", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        if (provider(space) is not { } known)
        {
            return new CloudError(404, "InvalidResourceNamespace", $"The resource namespace '{space}' is invalid.");
        }

        var types = (Values.Member(known, "resourceTypes") as JsonArray ?? []).Select(t => Values.Text(Values.Member(t, "resourceType"))).ToList();
        var name = type[(space.Length + 1)..];
        return types.Contains(name, StringComparer.OrdinalIgnoreCase)
            ? null
            : new CloudError(404, "InvalidResourceType", $"The resource type '{name}' could not be found in the namespace '{space}' for api version '{resource.Key.ApiVersion}'. The supported resource types are '{string.Join(",", types)}'.");
    }

    /// <summary>Whether an expression is left in it that has no value yet.</summary>
    public static bool IsOpen(JsonNode? node) => node switch
    {
        JsonObject o => o.Any(m => Parser.IsExpression(m.Key) || IsOpen(m.Value)),
        JsonArray list => list.Any(IsOpen),
        _ => Values.Text(node) is { } text && Parser.IsExpression(text),
    };
}
