using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Azure.Templates;
using Ebb.Sandbox.Azure.Templates.Expanding;
using Ebb.Sandbox.Azure.Templates.Expressions;
using Ebb.Sandbox.Azure.Templates.Functions;

namespace Ebb.Sandbox.Azure.Deployments;

/// <summary>What all deployments of a face share: how templates are expanded where they go, and how they are run. Under the world's gate.</summary>
internal sealed class DeploymentEngine
{
    private readonly ResourceStore _resources;
    private readonly DeploymentPlace _place;

    /// <param name="dispatch">Carries out a request within the face.</param>
    /// <param name="provider">A provider by its namespace, as the face shows it; null when there is none.</param>
    public DeploymentEngine(ResourceStore resources, DeploymentStore store, Func<ArmRequest, ArmReply> dispatch, Func<string, JsonObject?> provider)
    {
        _resources = resources;
        _place = new DeploymentPlace(resources, provider);
        Store = store;
        Errand = new Errand(Safe(dispatch), Agenda, resources.Options.PollAfter);
    }

    public DeploymentStore Store { get; }

    public Errand Errand { get; }

    public DateTimeOffset Now => Agenda.Now;

    private Agenda Agenda => _resources.World.Agenda;

    /// <summary>Expands what is to be deployed where it is to be deployed.</summary>
    /// <exception cref="TemplateException">Something in it is wrong.</exception>
    public Expansion Expand(DeploymentScope scope, string name, DeploymentOrder order, Sender sender) =>
        Expansion.Make(order.Template, order.Parameters, _place.Of(scope, name, order, sender, null));

    /// <summary>The template of a deployment inside another one; null when what it is given is known only later.</summary>
    /// <param name="runtime">Null: the outer one is not running.</param>
    /// <exception cref="TemplateException">Something in it is wrong.</exception>
    public (DeploymentScope Scope, DeploymentOrder Order, Expansion Expansion)? ExpandNested(Expansion outer, TemplateResource resource, Sender sender, Runtime? runtime)
    {
        var properties = Values.Member(resource.Source, "properties") as JsonObject ?? throw Wrong(resource, "it has no 'properties'");
        var others = new JsonObject(Values.NoCase);
        foreach (var (member, value) in properties.Where(p => !p.Key.Equals("template", StringComparison.OrdinalIgnoreCase)))
        {
            others[member] = value?.DeepClone();
        }

        var evaluated = resource.Member(others, runtime) as JsonObject ?? [];
        var (parameters, complete, inner) = OrderReading.ReadNested(evaluated);
        if (runtime is null && HasOpen(parameters))
        {
            return null;
        }

        var scope = DeploymentScope.OfDeployment(resource.Id) ?? throw Wrong(resource, "its scope is no resource group and no subscription");
        if (!scope.SubscriptionId.Equals(_resources.World.Options.SubscriptionId, StringComparison.OrdinalIgnoreCase))
        {
            throw new TemplateException("SubscriptionNotFound", $"The subscription '{scope.SubscriptionId}' could not be found.");
        }

        if (properties.All(p => !p.Key.Equals("template", StringComparison.OrdinalIgnoreCase)))
        {
            throw Wrong(resource, "it must have a 'template'");
        }

        var template = outer.Inner(resource, Values.Member(properties, "template"));
        var order = new DeploymentOrder { Template = template, Parameters = parameters, Complete = complete, Location = scope.Group is null ? Values.Text(resource.Member(Values.Member(resource.Source, "location"), runtime)) : null };
        var surroundings = _place.Of(scope, resource.Key.Name, order, sender, runtime is null ? outer : null);
        return (scope, order, Expansion.Make(template, parameters, surroundings, inner ? null : resource.On, outer));
    }

    /// <summary>Begins a deployment; it goes on by itself.</summary>
    public Deployment Begin(DeploymentScope scope, string name, DeploymentOrder order, Expansion expansion, Sender sender, string? correlation = null, Action<Deployment>? ended = null)
    {
        var deployment = new Deployment(scope, name, order, correlation ?? _resources.World.NewId(), Now)
        {
            Expansion = expansion,
            Nested = correlation is not null,
            TemplateHash = HashOf(order.Template.Root),
            Number = "0858" + UInt64(_resources.World.NewId()).ToString("D20", CultureInfo.InvariantCulture),
        };
        Store.Put(deployment);
        var run = new DeploymentRun(this, deployment, sender, () =>
        {
            Recover(deployment, sender);
            ended?.Invoke(deployment);
        });
        In(run, TimeSpan.Zero, run.Start);
        return deployment;
    }

    /// <summary>Begins a deployment that is a resource of another.</summary>
    /// <param name="then">Is told of its end: the deployment, null when it was not begun, and why it failed, null when it did not.</param>
    public void Nested(Deployment outer, TemplateResource resource, Sender sender, Action<Deployment?, JsonObject?> then)
    {
        try
        {
            var (scope, order, expansion) = ExpandNested(outer.Expansion, resource, sender, RuntimeOf(sender))!.Value;
            if (Store.Find(scope, resource.Key.Name) is { Active: true } active)
            {
                then(null, DeploymentErrors.Active(active).Body!["error"]!.DeepClone().AsObject());
                return;
            }

            outer.Children.Add(Begin(scope, resource.Key.Name, order, expansion, sender, outer.CorrelationId, inner => then(inner, inner.Error)));
        }
        catch (TemplateException e)
        {
            then(null, DeploymentErrors.Json(e));
        }
    }

    public DeploymentStep Step(Deployment deployment, string kind, (string, string, string)? target)
    {
        var step = new DeploymentStep(_resources.World.NewId().Replace("-", "", StringComparison.Ordinal)[..16].ToUpperInvariant(), kind, Now)
        {
            Target = target,
            TrackingId = _resources.World.NewId(),
        };
        deployment.Steps.Add(step);
        return step;
    }

    public void EndStep(DeploymentStep step, ErrandEnd end)
    {
        if (step.EndedAt is not null)
        {
            return;
        }

        step.EndedAt = step.ChangedAt = Now;
        step.State = end.Error is null ? "Succeeded" : "Failed";
        step.Status = DeploymentErrors.StatusName(end.Error is not null && end.Late ? 409 : end.Status);
        if (end.Error is { } error)
        {
            step.Message = end.Late ? Values.Object(("status", "Failed"), ("error", error)) : Values.Object(("error", error));
        }
    }

    /// <summary>What is in a deployment's group and in none of its templates; null when the group cannot be read.</summary>
    public List<string>? Strays(Deployment deployment, Sender sender)
    {
        var kept = new HashSet<string>(Kept(deployment), StringComparer.OrdinalIgnoreCase);
        return ListGroup(deployment.Scope, sender)?.Where(id => !kept.Contains(id)).ToList();
    }

    /// <summary>The ids of all that is in a group by itself; what belongs to another resource goes with that. Null when it cannot be read.</summary>
    public List<string>? ListGroup(DeploymentScope scope, Sender sender)
    {
        var reply = Errand.Ask("GET", scope.Id + "/resources", "2021-04-01", null, sender);
        return Values.Member(reply.Body, "value") is JsonArray items
            ? [.. items.Where(i => Values.Member(i, "managedBy") is null).Select(i => Values.Text(Values.Member(i, "id"))).OfType<string>()]
            : null;
    }

    /// <summary>What expressions of a running deployment ask, asked of the face in the name of who deploys.</summary>
    public Runtime RuntimeOf(Sender sender) => new(
        (id, version) => Answer(Errand.Ask("GET", id, version, null, sender)) as JsonObject ?? [],
        (id, action, version, body) => Answer(Errand.Ask("POST", $"{id}/{action}", version, body, sender)));

    /// <summary>Runs something of a deployment; a defect in it ends the deployment and nothing else.</summary>
    public static void Guard(DeploymentRun run, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            run.Break(e);
        }
    }

    public void In(DeploymentRun run, TimeSpan delay, Action action) => Agenda.In(delay, () => Guard(run, action));

    public static string HashOf(JsonNode template) => Hashes.Murmur(Encoding.UTF8.GetBytes(Values.Compact(template))).ToString(CultureInfo.InvariantCulture);

    private void Recover(Deployment failed, Sender sender)
    {
        if (failed.State != "Failed" || failed.Order.OnError is not { } wanted)
        {
            return;
        }

        var earlier = Store.Of(failed.Scope).FirstOrDefault(d => d != failed && d.State == "Succeeded" && (wanted.Length == 0 || d.Name.Equals(wanted, StringComparison.OrdinalIgnoreCase)));
        if (earlier is null)
        {
            return;
        }

        try
        {
            var order = earlier.Order with { OnError = null };
            var name = $"{(failed.Name.Length > 50 ? failed.Name[..50] : failed.Name)}-rollback";
            failed.Instead = Begin(failed.Scope, name, order, Expand(failed.Scope, name, order, sender), sender);
        }
        catch (TemplateException e)
        {
            // What was valid once need not be today; the failed deployment says so.
            failed.Error?["details"]?.AsArray().Add(DeploymentErrors.Json(e));
        }
    }

    private static JsonNode? Answer(ArmReply reply)
    {
        if (reply.Status is >= 200 and < 300 && !reply.Silent)
        {
            return reply.Body?.DeepClone();
        }

        var error = Values.Member(reply.Body, "error");
        throw new TemplateException(
            Values.Text(Values.Member(error, "code")) ?? "GatewayTimeout",
            Values.Text(Values.Member(error, "message")) ?? "The gateway did not receive a response from the resource provider within the specified time period.");
    }

    private static IEnumerable<string> Kept(Deployment deployment) =>
        deployment.Expansion.Resources.Select(r => r.Id).Concat(deployment.Children.SelectMany(Kept));

    private static bool HasOpen(JsonNode? node) => node switch
    {
        JsonObject o => o.Any(m => HasOpen(m.Value)),
        JsonArray list => list.Any(HasOpen),
        _ => Values.Text(node) is { } text && Parser.IsExpression(text),
    };

    private static ulong UInt64(string id) => ulong.Parse(id.Replace("-", "", StringComparison.Ordinal).AsSpan(0, 15), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static TemplateException Wrong(TemplateResource resource, string what) =>
        TemplateException.Expression(what + ".").In(resource.Describe, resource.At, resource.Path);

    // As the face does for callers outside: a defect is told, and does not stop the world.
    private static Func<ArmRequest, ArmReply> Safe(Func<ArmRequest, ArmReply> dispatch) => request =>
    {
        try
        {
            return dispatch(request);
        }
        catch (Exception e)
        {
            return ArmReply.Error(500, "InternalServerError", $"The sandbox failed: {e}");
        }
    };
}
