using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;
using Microsoft.AspNetCore.Http;

namespace Ebb.Sandbox.Azure;

/// <summary>
/// The instance metadata service of every machine, under <c>/machines/{group}/{set}/{id}/metadata/</c>. Plain HTTP, no token:
/// whoever reaches it is the machine.
/// </summary>
internal sealed class MetadataRoutes(CloudWorld world, TokenIssuer issuer)
{
    // An acknowledgement names a handful of events.
    private const int MaxBody = 64 << 10;

    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(24);

    // The service hands the same token out again for most of its life.
    private readonly Dictionary<string, (string Token, DateTimeOffset IssuedAt)> _tokens = [];

    /// <summary>Null when the request is none of these.</summary>
    public async Task<ArmReply?> AnswerAsync(ArmRequest r, HttpRequest http, CancellationToken ct)
    {
        if (r.Lower is not ["machines", _, _, _, "metadata", .. var path])
        {
            return null;
        }

        var body = r.Method == "POST" ? await ArmRequest.ReadBoundedAsync(http.Body, MaxBody, ct) : [];
        lock (world.Agenda.Gate)
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
                ? IdentityError(400, "invalid_request", "Required metadata header not specified")
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

        if (world.Find(r.Segments[1], r.Segments[2]) is not { } set
            || !int.TryParse(r.Segments[3], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || !set.Instances.TryGetValue(number, out var instance))
        {
            return Error(404, "Not found. There is no such machine");
        }

        if (path is ["versions"])
        {
            return new ArmReply(200, new JsonObject { ["apiVersions"] = new JsonArray([.. MetadataDocument.Versions.Select(v => (JsonNode)v)]) });
        }

        if (BadVersion(r, path) is { } bad)
        {
            return bad;
        }

        return path switch
        {
            ["instance", ..] => Instance(r, set, instance),
            ["identity", "oauth2", "token"] => Token(r, set, instance),
            ["identity", "info"] => new ArmReply(200, new JsonObject { ["tenantId"] = world.Options.TenantId }),
            ["scheduledevents"] when r.Method == "GET" => new ArmReply(200, Events(r, set)),
            ["scheduledevents"] => Acknowledge(set, body),
            _ => Error(404, "Not found"),
        };
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

    // Inner nodes as text: the names below, a slash after those that have names below them.
    private static IEnumerable<string> Keys(JsonNode node) => node switch
    {
        JsonObject o => o.Select(m => m.Value is JsonValue ? m.Key : m.Key + "/"),
        JsonArray a => a.Select((item, at) => item is JsonValue ? $"{at}" : $"{at}/"),
        _ => [],
    };

    private ArmReply Token(ArmRequest r, ScaleSet set, Instance instance)
    {
        var resource = r.Query["resource"].ToString();
        if (resource.Length == 0)
        {
            return IdentityError(400, "invalid_request", "Required audience parameter not specified");
        }

        if (!Uri.TryCreate(resource, UriKind.Absolute, out _))
        {
            return IdentityError(400, "invalid_resource", $"AADSTS50001: The application named {resource} was not found in the tenant named {world.Options.TenantId}.");
        }

        var (identity, refusal) = Choose(r, Identities(set));
        if (identity is null)
        {
            return refusal!;
        }

        var key = $"{instance.ResourceId} {identity.ClientId} {resource}";
        var now = world.Agenda.Now;
        if (!_tokens.TryGetValue(key, out var kept) || now - kept.IssuedAt > TokenLifetime / 2 || r.Flag("bypass_cache"))
        {
            // Machines come and go; the tokens of those gone are not worth keeping.
            if (_tokens.Count > 10_000)
            {
                _tokens.Clear();
            }

            var issuerName = $"https://sts.windows.net/{world.Options.TenantId}/";
            _tokens[key] = kept = (issuer.Issue(issuerName, resource, identity.ClientId, identity.ObjectId, TokenLifetime), now);
        }

        var expires = kept.IssuedAt + TokenLifetime;
        return new ArmReply(200, new JsonObject
        {
            ["access_token"] = kept.Token,
            ["refresh_token"] = "",
            ["expires_in"] = Text((long)(expires - now).TotalSeconds),
            ["expires_on"] = Text(expires.ToUnixTimeSeconds()),
            ["not_before"] = Text(kept.IssuedAt.ToUnixTimeSeconds()),
            ["resource"] = resource,
            ["token_type"] = "Bearer",
            ["client_id"] = identity.ClientId,
            ["ext_expires_in"] = Text((long)TokenLifetime.TotalSeconds),
        });
    }

    private static List<Identity> Identities(ScaleSet set)
    {
        var found = new List<Identity>();
        if (set.Model["identity"] is not JsonObject identity)
        {
            return found;
        }

        var type = JsonRead.Text(JsonRead.Get(identity, "type")) ?? "";
        if (type.Contains("SystemAssigned", StringComparison.OrdinalIgnoreCase))
        {
            found.Add(new Identity("", Principals.ClientOf(set.ResourceId), Principals.PrincipalOf(set.ResourceId)));
        }

        if (type.Contains("UserAssigned", StringComparison.OrdinalIgnoreCase) && JsonRead.Get(identity, "userAssignedIdentities") is JsonObject assigned)
        {
            found.AddRange(assigned.Select(a => new Identity(a.Key, Principals.ClientOf(a.Key), Principals.PrincipalOf(a.Key))));
        }

        return found;
    }

    private static (Identity? Identity, ArmReply? Refusal) Choose(ArmRequest r, List<Identity> identities)
    {
        string client = r.Query["client_id"].ToString(), principal = r.Query["object_id"].ToString();
        var resourceId = r.Query["msi_res_id"].ToString() is { Length: > 0 } msi ? msi : r.Query["mi_res_id"].ToString();
        if (new[] { client, principal, resourceId }.Count(s => s.Length > 0) > 1)
        {
            return (null, IdentityError(400, "invalid_request", "Only one of client_id, object_id and msi_res_id may be given"));
        }

        Identity? found;
        if (client.Length + principal.Length + resourceId.Length > 0)
        {
            found = identities.Find(i =>
                i.ClientId.Equals(client, StringComparison.OrdinalIgnoreCase)
                || i.ObjectId.Equals(principal, StringComparison.OrdinalIgnoreCase)
                || (resourceId.Length > 0 && i.ResourceId.Equals(resourceId, StringComparison.OrdinalIgnoreCase)));
        }
        else
        {
            // The machine's own identity needs no name; neither does the only other one.
            found = identities.Find(i => i.ResourceId.Length == 0) ?? (identities.Count == 1 ? identities[0] : null);
            if (found is null && identities.Count > 1)
            {
                return (null, IdentityError(400, "invalid_request", "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request"));
            }
        }

        return found is null ? (null, IdentityError(400, "invalid_request", "Identity not found")) : (found, null);
    }

    private JsonObject Events(ArmRequest r, ScaleSet set)
    {
        var version = r.ApiVersion;
        var all = world.EventsOf(set.Group, set.Name)!;
        var events = all.Events
            .Where(e => Since("2017-11-01") && (e.Type != "Terminate" || Since("2019-01-01")))
            .Select(e =>
            {
                var json = new JsonObject
                {
                    ["EventId"] = e.Id,
                    ["EventStatus"] = "Scheduled",
                    ["EventType"] = e.Type,
                    ["ResourceType"] = "VirtualMachine",
                    ["Resources"] = new JsonArray(e.Resource),
                    ["NotBefore"] = e.NotBefore.UtcDateTime.ToString("R", CultureInfo.InvariantCulture),
                };
                Add("2019-04-01", "Description", e.Type == "Preempt" ? "The virtual machine is about to be evicted." : "The virtual machine is about to be deleted.");
                Add("2019-08-01", "EventSource", e.Source);
                Add("2020-07-01", "DurationInSeconds", -1);
                return (JsonNode)json;

                void Add(string since, string name, JsonNode value)
                {
                    if (Since(since))
                    {
                        json[name] = value;
                    }
                }
            });
        return new JsonObject { ["DocumentIncarnation"] = all.Incarnation, ["Events"] = new JsonArray([.. events]) };

        bool Since(string first) => string.CompareOrdinal(version, first) >= 0;
    }

    private ArmReply Acknowledge(ScaleSet set, byte[]? body)
    {
        JsonNode? parsed = null;
        try
        {
            parsed = body is null ? null : JsonNode.Parse(body, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException)
        {
            // Answered below like any other body that is not an acknowledgement.
        }

        if (JsonRead.Get(parsed, "StartRequests") is not JsonArray requests)
        {
            return Error(400, "Bad request. StartRequests is missing");
        }

        var ids = requests.Select(q => JsonRead.Text(JsonRead.Get(q, "EventId"))).ToList();
        var known = world.EventsOf(set.Group, set.Name)!.Events;
        if (ids.Find(id => !known.Any(e => e.Id.Equals(id, StringComparison.OrdinalIgnoreCase))) is { } gone || ids.Contains(null))
        {
            return Error(400, "Bad request. There is no such event");
        }

        foreach (var id in ids)
        {
            world.Acknowledge(set.Group, set.Name, id!);
        }

        return new ArmReply(200);
    }

    private static ArmReply Error(int status, string error) => new(status, new JsonObject { ["error"] = error });

    private static ArmReply IdentityError(int status, string error, string description) =>
        new(status, new JsonObject { ["error"] = error, ["error_description"] = description });

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <param name="ResourceId">Empty for the identity of the scale set itself.</param>
    private sealed record Identity(string ResourceId, string ClientId, string ObjectId);
}
