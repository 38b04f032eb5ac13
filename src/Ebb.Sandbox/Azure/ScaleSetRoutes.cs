using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Compute;
using Ebb.Sandbox.Azure.Network;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

/// <summary>Scale sets and their instances.</summary>
internal sealed class ScaleSetRoutes(ResourceStore store, ConsoleLogs consoles)
{
    // A continuation that a partial list hands out: it cannot be read.
    private const string BrokenPage = "unreadable";

    private readonly CloudWorld _world = store.World;
    private readonly AzureFaceOptions _options = store.Options;

    /// <summary>Null when the request is none of these.</summary>
    public ArmReply? Answer(ArmRequest r)
    {
        switch (r.Lower)
        {
            case ["subscriptions", _, "providers", "microsoft.compute", "virtualmachinescalesets"] when r.Method == "GET":
            case ["subscriptions", _, "providers", "microsoft.compute", "locations", _, "virtualmachinescalesets"] when r.Method == "GET":
                return ListSets(r, null);
            case ["subscriptions", _, "resourcegroups", _, "providers", "microsoft.compute", "virtualmachinescalesets"] when r.Method == "GET":
                return ListSets(r, r.Segments[3]);
            case ["subscriptions", _, "resourcegroups", _, "providers", "microsoft.compute", "virtualmachinescalesets", _, .. var below]:
                return OfSet(r, r.Segments[3], r.Segments[7], below);
            default:
                return null;
        }
    }

    private ArmReply? OfSet(ArmRequest r, string group, string set, string[] below) => (r.Method, below) switch
    {
        ("PUT", []) => Put(r, group, set, patch: false),
        ("PATCH", []) => Put(r, group, set, patch: true),
        ("GET", []) => ArmReply.From(_world.GetScaleSet(group, set), s =>
            new ArmReply(200, ScaleSetJson.Of(store, s, r.Query["$expand"] == "userData")) { Headers = [("ETag", s.ETagText)] }),
        ("DELETE", []) => Delete(r, group, set),
        ("GET", ["instanceview"]) => ArmReply.From(_world.GetScaleSet(group, set, CallKind.GetScaleSetView), s => new ArmReply(200, ScaleSetJson.View(s))),
        ("GET", ["skus"]) => ArmReply.From(_world.GetScaleSet(group, set), s => new ArmReply(200, Skus(s))),
        ("GET", ["virtualmachines"]) => ListInstances(r, group, set),
        ("GET", ["networkinterfaces"]) => ArmReply.From(_world.ListInstances(group, set), l =>
            new ArmReply(200, Value(l.Items.SelectMany(i => InstanceNics.Of(Current(group, set), i))))),
        ("GET", ["publicipaddresses"]) => ArmReply.From(_world.ListInstances(group, set), l =>
            new ArmReply(200, Value(l.Items.SelectMany(i => InstanceNics.PublicAddresses(Current(group, set), i))))),
        ("GET", ["rollingupgrades", "latest"]) =>
            ArmReply.Error(404, "NotFound", $"The entity was not found: no rolling upgrade has run on '{set}'."),
        ("GET", ["osupgradehistory"]) => ArmReply.From(_world.GetScaleSet(group, set), _ => new ArmReply(200, Value([]))),
        ("POST", [var action]) => OnMany(r, group, set, action),
        (_, ["virtualmachines", _, .. var rest]) => OfInstance(r, group, set, r.Segments[9], rest),
        _ => null,
    };

    private ArmReply? OfInstance(ArmRequest r, string group, string set, string id, string[] below) => (r.Method, below) switch
    {
        ("GET", []) => ArmReply.From(_world.GetInstance(group, set, id), i =>
            new ArmReply(200, InstanceJson.Of(Current(group, set), i, WantsView(r))) { Headers = [("ETag", i.ETagText)] }),
        ("GET", ["instanceview"]) => ArmReply.From(_world.GetInstance(group, set, id), i => new ArmReply(200, InstanceJson.View(Current(group, set), i))),
        ("GET", ["networkinterfaces"]) => ArmReply.From(_world.GetInstance(group, set, id), i =>
            new ArmReply(200, Value(InstanceNics.Of(Current(group, set), i)))),
        ("GET", ["networkinterfaces", var nic, .. var part]) =>
            ArmReply.From(_world.GetInstance(group, set, id), i => InstanceNics.Part(Current(group, set), i, nic, part)),
        ("PUT", []) => PutInstance(r, group, set, id),
        ("DELETE", []) => Accepted(r, _world.DeleteInstances(group, set, [id], r.Flag("forceDeletion"))),
        ("POST", ["simulateeviction"]) => ArmReply.From(_world.SimulateEviction(group, set, id), _ => new ArmReply(204)),
        ("POST", ["retrievebootdiagnosticsdata"]) => ArmReply.From(_world.GetInstance(group, set, id), i => new ArmReply(200, consoles.Addresses(i, r.BaseUrl))),
        ("POST", [var action]) when action != "manualupgrade" => Act(r, group, set, action, [id]),
        _ => null,
    };

    private ArmReply Put(ArmRequest r, string group, string set, bool patch)
    {
        if (r.Body is not JsonObject body)
        {
            return ArmReply.Error(400, "InvalidRequestContent", "The request content was invalid and could not be deserialized: 'a body is required'.");
        }

        if (_world.GroupExists(group))
        {
            var id = ResourceId.Of($"{store.Subscription}/resourceGroups/{group}", "Microsoft.Compute", "virtualMachineScaleSets", set);
            if (References.Broken(store, id, ScaleSetModel.Merge(null, body)) is { } broken)
            {
                return ArmReply.Error(broken);
            }
        }

        var outcome = _world.CreateOrUpdateScaleSet(group, set, body, r.IfMatch, r.IfNoneMatch, patch);
        return ArmReply.From(outcome, s => new ArmReply(s.ETag == 1 ? 201 : 200, ScaleSetJson.Of(store, s))
        {
            Headers = [("ETag", s.ETagText), .. AsyncHeaders.Compute(r, _world, _options, outcome.Operation, location: false)],
        });
    }

    private ArmReply Delete(ArmRequest r, string group, string set)
    {
        var outcome = _world.DeleteScaleSet(group, set, r.Flag("forceDeletion"));

        // A delete of what is not there has worked; a missing group is still an error.
        return outcome.Error is { Code: "ResourceNotFound" } ? new ArmReply(204) : Accepted(r, outcome);
    }

    private ArmReply PutInstance(ArmRequest r, string group, string set, string id)
    {
        try
        {
            var policy = JsonRead.Object(JsonRead.Object(r.Body as JsonObject, "properties"), "protectionPolicy");
            var outcome = _world.Protect(
                group,
                set,
                id,
                JsonRead.Bool(policy, "protectFromScaleIn") ?? false,
                JsonRead.Bool(policy, "protectFromScaleSetActions") ?? false,
                r.IfMatch);
            return ArmReply.From(outcome, i => new ArmReply(200, InstanceJson.Of(Current(group, set), i, view: false))
            {
                Headers = [("ETag", i.ETagText), .. AsyncHeaders.Compute(r, _world, _options, outcome.Operation, location: false)],
            });
        }
        catch (JsonRead.ModelException e)
        {
            return ArmReply.Error(e.Error);
        }
    }

    private ArmReply? OnMany(ArmRequest r, string group, string set, string action)
    {
        ImmutableArray<string>? ids = null;
        if (r.Body is JsonObject body && JsonRead.Get(body, "instanceIds") is { } listed)
        {
            if (listed is not JsonArray array || array.Any(i => JsonRead.Text(i) is null))
            {
                return ArmReply.Error(400, "InvalidRequestContent", "The request content was invalid and could not be deserialized: 'instanceIds' must be a list of strings.");
            }

            ids = [.. array.Select(i => JsonRead.Text(i)!)];
        }

        if (action == "delete")
        {
            return Accepted(r, _world.DeleteInstances(group, set, ids ?? [], r.Flag("forceDeletion")));
        }

        return Act(r, group, set, action, ids);
    }

    private ArmReply? Act(ArmRequest r, string group, string set, string action, IReadOnlyList<string>? ids) => action switch
    {
        "start" => Accepted(r, _world.Start(group, set, ids)),
        "restart" or "redeploy" or "performmaintenance" => Accepted(r, _world.Restart(group, set, ids)),
        "poweroff" => Accepted(r, _world.PowerOff(group, set, ids, r.Flag("skipShutdown"))),
        "deallocate" => Accepted(r, _world.Deallocate(group, set, ids)),
        "reimage" or "reimageall" => Accepted(r, _world.Reimage(group, set, ids)),
        "manualupgrade" => Accepted(r, _world.Upgrade(group, set, ids)),
        _ => null,
    };

    private ArmReply Accepted(ArmRequest r, Outcome<ScaleSet> outcome) => ArmReply.From(outcome, _ => new ArmReply(202)
    {
        Headers = [.. AsyncHeaders.Compute(r, _world, _options, outcome.Operation, location: true)],
    });

    private ArmReply ListSets(ArmRequest r, string? group)
    {
        var after = r.Query["$skiptoken"].ToString();
        if (after == BrokenPage)
        {
            return Broken();
        }

        return ArmReply.From(_world.ListScaleSets(group), listing => Page(
            r,
            listing,
            s => $"{s.Group}/{s.Name}".ToUpperInvariant(),
            key => after.Length == 0 || string.CompareOrdinal(key, after) > 0,
            s => ScaleSetJson.Of(store, s)));
    }

    private ArmReply ListInstances(ArmRequest r, string group, string set)
    {
        var token = r.Query["$skiptoken"].ToString();
        if (token == BrokenPage)
        {
            return Broken();
        }

        var after = -1;
        if (token.Length > 0 && !int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out after))
        {
            return ArmReply.Error(400, "InvalidParameter", $"The value '{token}' of parameter '$skiptoken' is not valid.");
        }

        if (r.Query["$filter"].ToString() is { Length: > 0 } filter)
        {
            return ArmReply.Error(400, "InvalidParameter", $"The filter '{filter}' is not supported.");
        }

        var view = WantsView(r);
        return ArmReply.From(_world.ListInstances(group, set), listing => Page(
            r,
            listing,
            i => i.Id,
            id => int.Parse(id, CultureInfo.InvariantCulture) > after,
            i => InstanceJson.Of(Current(group, set), i, view)));
    }

    /// <summary>One page of a list that is ordered by its keys; the link to the next carries the last key.</summary>
    private ArmReply Page<T>(ArmRequest r, Listing<T> listing, Func<T, string> key, Func<string, bool> wanted, Func<T, JsonObject> json)
    {
        var rest = listing.Items.Where(i => wanted(key(i))).ToList();
        var page = rest.Take(_options.PageSize).ToList();
        var body = Value(page.Select(json));
        string? next = page.Count < rest.Count ? key(page[^1]) : listing.Complete ? null : BrokenPage;
        if (next is not null)
        {
            var query = string.Concat(r.Query
                .Where(q => q.Key != "$skiptoken")
                .Select(q => $"{Uri.EscapeDataString(q.Key)}={Uri.EscapeDataString(q.Value.ToString())}&"));
            body["nextLink"] = $"{r.BaseUrl}/{string.Join('/', r.Segments.Select(Uri.EscapeDataString))}?{query}%24skiptoken={Uri.EscapeDataString(next)}";
        }

        return new ArmReply(200, body);
    }

    private static ArmReply Broken() => ArmReply.Error(500, "InternalServerError", "The server encountered an error while reading the next page. Please retry the request.");

    private JsonObject Skus(ScaleSet set) => Value(_world.Options.Sizes.Select(size => new JsonObject
    {
        ["resourceType"] = "Microsoft.Compute/virtualMachineScaleSets",
        ["sku"] = new JsonObject { ["name"] = size.Name, ["tier"] = "Standard" },
        ["capacity"] = new JsonObject
        {
            ["minimum"] = 0,
            ["maximum"] = set.Spec.SinglePlacementGroup ? 100 : 1000,
            ["defaultCapacity"] = 1,
            ["scaleType"] = "Automatic",
        },
    }));

    // Routes run under the world's gate: the set of an instance that was just read is there.
    private ScaleSet Current(string group, string set) => _world.Find(group, set)!;

    private static bool WantsView(ArmRequest r) =>
        r.Query["$expand"].ToString().Contains("instanceView", StringComparison.OrdinalIgnoreCase);

    internal static JsonObject Value(IEnumerable<JsonObject> items) => new() { ["value"] = new JsonArray([.. items]) };
}
