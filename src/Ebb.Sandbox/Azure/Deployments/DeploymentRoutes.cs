using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Azure.Templates;
using Ebb.Sandbox.Azure.Templates.Expanding;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Deployments;

/// <summary>Deployments of groups and of the subscription, also by the shorter paths that az uses for their operations.</summary>
internal sealed partial class DeploymentRoutes(ResourceStore resources, DeploymentEngine engine, Preflight preflight, WhatIf whatIf)
{
    private const int MostCharactersInName = 64;

    // How long the removal of a deployment's history goes on.
    private static readonly TimeSpan RemovalTakes = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, DateTimeOffset> _removals = [];

    /// <summary>Null when the request is none of these.</summary>
    public ArmReply? Answer(ArmRequest r)
    {
        if (r is { Method: "GET", Lower: ["subscriptions", _, "operationresults", var token] } && _removals.TryGetValue(token, out var done))
        {
            return engine.Now < done ? new ArmReply(202) { Headers = [.. Removal(r, token)] } : new ArmReply(204);
        }

        if (Split(r) is not var (group, rest))
        {
            return null;
        }

        var scope = new DeploymentScope(resources.World.Options.SubscriptionId, group is null ? null : resources.World.FindGroup(group)?.Name ?? group);
        return Kind(r.Method, rest) is not { } kind
            ? null
            : ArmReply.From(
                resources.World.Serve<ArmReply>(kind, rest.Length > 0 ? rest[0] : null, DeploymentJson.Type, () =>
                    group is not null && resources.World.FindGroup(group) is null ? CloudErrors.GroupNotFound(group) : Answer(r, scope, rest)),
                reply => reply);
    }

    private ArmReply Answer(ArmRequest r, DeploymentScope scope, string[] rest)
    {
        if (rest.Length == 0)
        {
            return List(r, scope);
        }

        var name = rest[0];
        try
        {
            switch (r.Method, rest[1..].Select(s => s.ToLowerInvariant()).ToArray())
            {
                case ("PUT", []):
                    return Put(r, scope, name);
                case ("POST", ["validate"]):
                    return Validate(r, scope, name);
                case ("POST", ["whatif"]):
                    return Foretell(r, scope, name);
            }
        }
        catch (TemplateException e)
        {
            return DeploymentErrors.Refusal(e);
        }

        return engine.Store.Find(scope, name) is { } deployment
            ? OfDeployment(r, deployment, rest[1..])
            : r.Method == "DELETE" ? new ArmReply(204) : DeploymentErrors.NotFound(name);
    }

    private ArmReply OfDeployment(ArmRequest r, Deployment d, string[] rest)
    {
        switch (r.Method, rest.Select(s => s.ToLowerInvariant()).ToArray())
        {
            case ("GET", []):
                return new ArmReply(200, DeploymentJson.Of(d, engine.Now));
            case ("HEAD", []):
                return new ArmReply(204);
            case ("DELETE", []):
                return Delete(r, d);
            case ("POST", ["cancel"]):
                return Cancel(d);
            case ("POST", ["exporttemplate"]):
                return new ArmReply(200, Values.Object(("template", d.Order.Template.Root)));
            case ("GET", ["operationstatuses", var number]):
                return number == d.Number ? new ArmReply(200, DeploymentJson.Status(d)) { Headers = [.. Again(d.Active)] } : DeploymentErrors.NotFound(d.Name);
            case ("GET", ["operations"]):
                return Page(r, d.Steps, s => s.Id, s => DeploymentJson.Of(d, s, engine.Now));
            case ("GET", ["operations", var id]):
                return d.Steps.Find(s => s.Id.Equals(id, StringComparison.OrdinalIgnoreCase)) is { } step
                    ? new ArmReply(200, DeploymentJson.Of(d, step, engine.Now))
                    : ArmReply.Error(404, "DeploymentOperationNotFound", $"The deployment operation '{id}' of deployment '{d.Name}' could not be found.");
            default:
                return ArmReply.Error(404, "NotFound", $"No service answers {r.Method} at this path.");
        }
    }

    private ArmReply Put(ArmRequest r, DeploymentScope scope, string name)
    {
        var (order, sender) = Read(r, scope, name);
        var old = engine.Store.Find(scope, name);
        if (old is { Active: true })
        {
            return DeploymentErrors.Active(old);
        }

        if (scope.Group is { } group && resources.World.FindGroup(group) is { Deleting: true })
        {
            return ArmReply.Error(CloudErrors.GroupBeingDeleted(group));
        }

        if (old?.Order.Location is { } there && order.Location is { } here && ResourceModel.Plain(there) != ResourceModel.Plain(here))
        {
            return ArmReply.Error(409, "InvalidDeploymentLocation", $"Invalid deployment location '{here}'. The deployment '{name}' already exists in location '{there}'.");
        }

        var expansion = engine.Expand(scope, name, order, sender);
        if (Refused(name, expansion, sender) is { } refused)
        {
            return refused;
        }

        var deployment = engine.Begin(scope, name, order, expansion, sender);
        return new ArmReply(old is null ? 201 : 200, DeploymentJson.Of(deployment, engine.Now))
        {
            Headers =
            [
                ("Azure-AsyncOperation", $"{r.BaseUrl}{Errand.Url($"{deployment.Id}/operationStatuses/{deployment.Number}", r.ApiVersion)}"),
                ("x-ms-deployment-engine-version", "1.300.0"),
                .. Again(true),
            ],
        };
    }

    private ArmReply Validate(ArmRequest r, DeploymentScope scope, string name)
    {
        var (order, sender) = Read(r, scope, name);
        var expansion = engine.Expand(scope, name, order, sender);
        return Refused(name, expansion, sender) ?? new ArmReply(200, DeploymentJson.Validated(
            scope, name, order, expansion, DeploymentEngine.HashOf(order.Template.Root), resources.World.NewId(), engine.Now));
    }

    private ArmReply Foretell(ArmRequest r, DeploymentScope scope, string name)
    {
        var (order, sender) = Read(r, scope, name);
        var changes = whatIf.Changes(scope, order, engine.Expand(scope, name, order, sender), sender);
        return new ArmReply(200, Values.Object(
            ("status", "Succeeded"),
            ("properties", Values.Object(("correlationId", resources.World.NewId()), ("changes", Values.List(changes))))));
    }

    private static (DeploymentOrder Order, Sender Sender) Read(ArmRequest r, DeploymentScope scope, string name)
    {
        if (name.Length > MostCharactersInName)
        {
            throw new TemplateException("DeploymentNameLengthLimitExceeded", $"The deployment name '{name}' exceeds the limit of {MostCharactersInName} characters.");
        }

        if (!Names().IsMatch(name))
        {
            throw new TemplateException("DeploymentNameInvalidCharacters", $"The deployment name '{name}' has characters that it may not have. It may have letters, digits, '-', '.', '_', '(' and ')'.");
        }

        return (OrderReading.Read(r.Source, scope.Group is not null), new Sender(r.Caller, r.BaseUrl));
    }

    private ArmReply? Refused(string name, Expansion expansion, Sender sender)
    {
        var problems = preflight.Problems(expansion, sender).ToList();
        return problems.Count == 0
            ? null
            : new ArmReply(400, new JsonObject
            {
                ["error"] = DeploymentErrors.Json(
                    "InvalidTemplateDeployment",
                    $"The template deployment '{name}' is not valid according to the validation procedure. The tracking id is '{resources.World.NewId()}'. See inner errors for details.",
                    null,
                    problems),
            });
    }

    private ArmReply List(ArmRequest r, DeploymentScope scope)
    {
        var filter = r.Query["$filter"].ToString();
        var match = Filter().Match(filter);
        if (filter.Length > 0 && !match.Success)
        {
            return ArmReply.Error(400, "InvalidFilterInQueryString", $"Invalid $filter '{filter}' specified in the query string.");
        }

        var state = match.Groups["state"].Value;
        return Page(r, engine.Store.Of(scope).Where(d => state.Length == 0 || d.State.Equals(state, StringComparison.OrdinalIgnoreCase)), d => d.Name, d => DeploymentJson.Of(d, engine.Now));
    }

    private ArmReply Page<T>(ArmRequest r, IEnumerable<T> all, Func<T, string> key, Func<T, JsonObject> show)
    {
        var after = r.Query["$skiptoken"].ToString();
        var rest = (after.Length == 0 ? all : all.SkipWhile(x => key(x) != after).Skip(1)).ToList();
        var top = int.TryParse(r.Query["$top"].ToString(), out var asked) && asked > 0 ? asked : int.MaxValue;
        var page = rest.Take(Math.Min(top, resources.Options.PageSize)).ToList();
        var body = ScaleSetRoutes.Value(page.Select(show));
        if (page.Count < rest.Count && page.Count < top)
        {
            body["nextLink"] = Paging.Next(r, key(page[^1]));
        }

        return new ArmReply(200, body);
    }

    private ArmReply Delete(ArmRequest r, Deployment d)
    {
        if (d.Active)
        {
            return DeploymentErrors.Active(d);
        }

        engine.Store.Remove(d);
        var token = $"deployment-{resources.World.NewId()}";
        foreach (var old in _removals.Where(x => x.Value < engine.Now.AddHours(-1)).Select(x => x.Key).ToList())
        {
            _removals.Remove(old);
        }

        _removals[token] = engine.Now + RemovalTakes;
        return new ArmReply(202) { Headers = [.. Removal(r, token)] };
    }

    private static ArmReply Cancel(Deployment d)
    {
        if (!d.Active)
        {
            return ArmReply.Error(409, "DeploymentCannotBeCancelled", $"The deployment '{d.Name}' cannot be cancelled because its state is '{d.State}'.");
        }

        CancelAll(d);
        return new ArmReply(204);
    }

    private static void CancelAll(Deployment d)
    {
        d.Cancel();
        foreach (var child in d.Children.Where(c => c.Active))
        {
            CancelAll(child);
        }
    }

    private (string, string)[] Again(bool running) => running ? [("Retry-After", AsyncHeaders.RetryAfter(resources.Options))] : [];

    private (string, string)[] Removal(ArmRequest r, string token) =>
        [("Location", $"{r.BaseUrl}{Errand.Url($"{resources.Subscription}/operationresults/{token}", r.ApiVersion)}"), .. Again(true)];

    /// <summary>The group, null for the subscription, and what follows <c>deployments</c>; null when the path is none of deployments.</summary>
    private static (string? Group, string[] Tail)? Split(ArmRequest r) => r.Lower switch
    {
        ["subscriptions", _, "resourcegroups", _, "providers", "microsoft.resources", "deployments", ..] => (r.Segments[3], r.Segments[7..]),
        ["subscriptions", _, "resourcegroups", _, "deployments", _, "operations", ..] when r.Method == "GET" => (r.Segments[3], r.Segments[5..]),
        ["subscriptions", _, "providers", "microsoft.resources", "deployments", ..] => (null, r.Segments[5..]),
        ["subscriptions", _, "deployments", _, "operations", ..] when r.Method == "GET" => (null, r.Segments[3..]),
        _ => null,
    };

    private static CallKind? Kind(string method, string[] rest) => (method, rest.Length) switch
    {
        ("GET", 0) => CallKind.ListResources,
        ("GET", 1 or 2 or 3) or ("HEAD", 1) => CallKind.GetResource,
        ("PUT", 1) => CallKind.PutResource,
        ("DELETE", 1) => CallKind.DeleteResource,
        ("POST", 2) => CallKind.ActOnResource,
        _ => null,
    };

    [GeneratedRegex(@"^[-\w.()]+\z")]
    private static partial Regex Names();

    [GeneratedRegex(@"^\s*provisioningState\s+eq\s+'(?<state>\w+)'\s*\z", RegexOptions.IgnoreCase)]
    private static partial Regex Filter();
}
