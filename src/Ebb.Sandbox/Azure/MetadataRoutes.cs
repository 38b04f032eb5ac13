using System.Globalization;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;
using Microsoft.AspNetCore.Http;

namespace Ebb.Sandbox.Azure;

/// <summary>
/// The instance metadata service of every machine, under <c>/machines/{group}/{set}/{id}/metadata/</c>. Plain HTTP, no token:
/// whoever reaches it is the machine.
/// </summary>
internal sealed class MetadataRoutes(ResourceStore store, TokenIssuer issuer, AttestedData attested)
{
    // An acknowledgement names a handful of events.
    private const int MaxBody = 64 << 10;

    // The published limits of one machine, each second.
    private const int MaxCalls = 5;
    private const int MaxIdentityCalls = 20;

    private readonly CloudWorld _world = store.World;
    private readonly MachineIdentity _identity = new(store, issuer);
    private readonly Dictionary<(string Machine, bool Identity), (long Second, int Calls)> _calls = [];

    /// <summary>Null when the request is none of these.</summary>
    public async Task<ArmReply?> AnswerAsync(ArmRequest r, HttpRequest http, CancellationToken ct)
    {
        if (r.Lower is not ["machines", _, _, _, "metadata", .. var path])
        {
            return null;
        }

        var body = r.Method == "POST" ? await ArmRequest.ReadBoundedAsync(http.Body, MaxBody, ct) : [];
        lock (_world.Agenda.Gate)
        {
            return Answer(r, path, body);
        }
    }

    private ArmReply Answer(ArmRequest r, string[] path, byte[]? body)
    {
        var identity = path is ["identity", ..];
        if (!string.Equals(r.Headers["Metadata"].ToString(), "true", StringComparison.OrdinalIgnoreCase) || r.Headers.ContainsKey("X-Forwarded-For"))
        {
            return identity
                ? MachineIdentity.Error(400, "invalid_request", "Required metadata header not specified")
                : Error(400, "Bad request. Required metadata header not specified");
        }

        if (r.Query.Any(q => q.Value.Count > 1))
        {
            return Error(400, "Bad request. Query parameter names may not be repeated");
        }

        if (!(r.Method == "GET" || (r.Method == "POST" && path is ["scheduledevents"])))
        {
            return Error(405, "Method not allowed");
        }

        if (_world.Find(r.Segments[1], r.Segments[2]) is not { } set
            || !int.TryParse(r.Segments[3], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || !set.Instances.TryGetValue(number, out var instance))
        {
            return Error(404, "Not found. There is no such machine");
        }

        if (path is ["versions"])
        {
            return new ArmReply(200, new JsonObject { ["apiVersions"] = new JsonArray([.. MetadataDocument.Versions.Select(v => (JsonNode)v)]) });
        }

        if (TooMany(instance, identity))
        {
            return Error(429, "Too many requests");
        }

        if (BadVersion(r, path) is { } bad)
        {
            return bad;
        }

        return path switch
        {
            ["instance", ..] => Instance(r, set, instance),
            ["identity", "oauth2", "token"] => _identity.Token(r, set, instance),
            ["identity", "info"] => new ArmReply(200, new JsonObject { ["tenantId"] = _world.Options.TenantId }),
            ["attested", "document"] => Attested(r, set, instance),
            ["scheduledevents"] when r.Method == "GET" => new ArmReply(200, MetadataEvents.Json(_world.EventsOf(set.Group, set.Name)!, r.ApiVersion)),
            ["scheduledevents"] => Acknowledge(set, body),
            _ => Error(404, "Not found"),
        };
    }

    private bool TooMany(Instance instance, bool identity)
    {
        // Machines come and go; what is known of those gone is not worth keeping.
        if (_calls.Count > 10_000)
        {
            _calls.Clear();
        }

        var second = _world.Agenda.Now.ToUnixTimeSeconds();
        var key = (instance.ResourceId, identity);
        var calls = _calls.TryGetValue(key, out var last) && last.Second == second ? last.Calls + 1 : 1;
        _calls[key] = (second, calls);
        return calls > (identity ? MaxIdentityCalls : MaxCalls);
    }

    private static ArmReply? BadVersion(ArmRequest r, string[] path)
    {
        // Each category keeps its own versions: instance data is strict, the others take any that is well-formed.
        var known = path is ["instance", ..] ? MetadataDocument.Versions.Contains(r.ApiVersion) : r.CheckApiVersion() is null;
        if (known)
        {
            return null;
        }

        return new ArmReply(400, new JsonObject
        {
            ["error"] = "Bad request. api-version is invalid or was not specified in the request. For more information refer to aka.ms/azureimds",
            ["newest-versions"] = new JsonArray([.. MetadataDocument.Versions.Reverse().Take(3).Select(v => (JsonNode)v)]),
        });
    }

    private static ArmReply Instance(ArmRequest r, ScaleSet set, Instance instance)
    {
        JsonNode? node = MetadataDocument.Of(set, instance, r.ApiVersion);
        foreach (var segment in r.Segments.Skip(6))
        {
            node = node switch
            {
                JsonObject o => JsonRead.Get(o, segment),
                JsonArray a when int.TryParse(segment, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at < a.Count => a[at],
                _ => null,
            };
        }

        var text = r.Query["format"].ToString().Equals("text", StringComparison.OrdinalIgnoreCase);
        return node switch
        {
            null => Error(404, "Not found"),
            JsonValue when !text => Error(400, "Bad request. Leaf values are available only with format=text"),
            JsonValue => new ArmReply(200) { Text = node.ToString() },
            _ when text => new ArmReply(200) { Text = string.Join('\n', Keys(node)) },
            _ => new ArmReply(200, node.DeepClone()),
        };
    }

    private ArmReply Attested(ArmRequest r, ScaleSet set, Instance instance)
    {
        var sku = JsonRead.Text(JsonRead.At(set.ModelOf(instance), "properties", "virtualMachineProfile", "storageProfile", "imageReference", "sku"));
        return attested.Answer(r, new AttestedMachine(instance.VmId, instance.SubscriptionId, sku ?? ""));
    }

    // Inner nodes as text: the names below, a slash after those that have names below them.
    private static IEnumerable<string> Keys(JsonNode node) => node switch
    {
        JsonObject o => o.Select(m => m.Value is JsonValue ? m.Key : m.Key + "/"),
        JsonArray a => a.Select((item, at) => item is JsonValue ? $"{at}" : $"{at}/"),
        _ => [],
    };

    private ArmReply Acknowledge(ScaleSet set, byte[]? body)
    {
        if (MetadataEvents.Acknowledged(body) is not { } ids)
        {
            return Error(400, "Bad request. StartRequests is missing, or names no event");
        }

        var known = _world.EventsOf(set.Group, set.Name)!.Events;
        if (ids.Exists(id => !known.Any(e => e.Id.Equals(id, StringComparison.OrdinalIgnoreCase))))
        {
            return Error(400, "Bad request. There is no such event");
        }

        foreach (var id in ids)
        {
            _world.Acknowledge(set.Group, set.Name, id);
        }

        return new ArmReply(200);
    }

    private static ArmReply Error(int status, string error) => new(status, new JsonObject { ["error"] = error });
}
