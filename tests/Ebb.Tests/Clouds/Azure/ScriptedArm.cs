using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Ebb.Tests.Clouds.Azure;

/// <summary>
/// A resource manager in memory, with a few scale sets that answer like Azure as long as all is well. A test puts in the
/// way what it is about: an answer instead of the next matching call, or after it has been carried out.
/// </summary>
internal sealed class ScriptedArm : HttpMessageHandler
{
    public const string Endpoint = "https://arm.test/";
    public const string Group = "/subscriptions/sub-1/resourceGroups/Farm/providers/Microsoft.Compute";

    private readonly List<(string Call, bool Done, Func<HttpRequestMessage, HttpResponseMessage> Answer)> _script = [];
    private int _operations;

    public List<string> Calls { get; } = [];

    public List<HttpRequestMessage> Requests { get; } = [];

    public List<string> Bodies { get; } = [];

    public Dictionary<string, ScriptedSet> Sets { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Bodies that operations answer, by number; <c>InProgress</c> where there is none.</summary>
    public Dictionary<int, string> Operations { get; } = [];

    public List<(string Name, int Used, int Limit)> Usages { get; } = [("cores", 0, 1000), ("standardDSv5Family", 0, 1000), ("lowPriorityCores", 0, 1000)];

    public int? PageSize { get; set; }

    public ScriptedSet Set(string name, int capacity)
    {
        var set = new ScriptedSet(name);
        for (var i = 0; i < capacity; i++)
        {
            set.Machines.Add(set.NextId++);
        }

        set.Capacity = capacity;
        return Sets[name] = set;
    }

    /// <summary>The next call that begins so (<c>PATCH agents</c>) is answered so, and nothing is done.</summary>
    public void Instead(string call, Func<HttpRequestMessage, HttpResponseMessage> answer) => _script.Add((call, false, answer));

    public void Instead(string call, HttpStatusCode status, string body, string? retryAfter = null) =>
        Instead(call, _ => Answer(status, body, retryAfter));

    /// <summary>The next call that begins so is carried out, and then answered so.</summary>
    public void After(string call, Func<HttpRequestMessage, HttpResponseMessage> answer) => _script.Add((call, true, answer));

    public int Count(string call) => Calls.Count(c => c.StartsWith(call, StringComparison.Ordinal));

    public static HttpResponseMessage Answer(HttpStatusCode status, string body, string? retryAfter = null)
    {
        var response = new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (retryAfter is not null)
        {
            response.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
        }

        return response;
    }

    public static string Error(string code, string more = "") => $$$"""{"error":{"code":"{{{code}}}","message":"So it is."{{{more}}}}}""";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        var call = Name(request);
        Calls.Add(call);
        Requests.Add(request);
        Bodies.Add(body);
        var scripted = _script.FindIndex(s => call.StartsWith(s.Call, StringComparison.Ordinal));
        if (scripted < 0)
        {
            return Carry(request, call, body);
        }

        var (_, done, answer) = _script[scripted];
        _script.RemoveAt(scripted);
        if (done)
        {
            Carry(request, call, body).Dispose();
        }

        return answer(request);
    }

    /// <summary>Short names for calls: <c>GET sets</c>, <c>GET agents</c>, <c>GET agents/virtualMachines</c>, <c>GET operations/1</c>.</summary>
    private static string Name(HttpRequestMessage request)
    {
        var path = Uri.UnescapeDataString(request.RequestUri!.AbsolutePath);
        var sets = path.IndexOf("/virtualMachineScaleSets", StringComparison.OrdinalIgnoreCase);
        var what = sets >= 0
            ? path[(sets + "/virtualMachineScaleSets".Length)..].TrimStart('/')
            : path.Split("/Microsoft.Compute/", 2) is [_, var rest] ? rest : path;
        return $"{request.Method} {(what.Length == 0 ? "sets" : what)}";
    }

    private HttpResponseMessage Carry(HttpRequestMessage request, string call, string body)
    {
        var parts = call[(call.IndexOf(' ', StringComparison.Ordinal) + 1)..].Split('/');
        if (parts[0] == "sets")
        {
            return Page(request, [.. Sets.Values.Select(s => s.Json())]);
        }

        if (parts[0] == "skus")
        {
            return Answer(HttpStatusCode.OK, Skus);
        }

        if (parts is ["locations", _, "usages"])
        {
            return Page(request, [.. Usages.Select(u => new JsonObject { ["currentValue"] = u.Used, ["limit"] = u.Limit, ["name"] = new JsonObject { ["value"] = u.Name } })]);
        }

        if (parts is ["operations", var number])
        {
            return Answer(HttpStatusCode.OK, Operations.GetValueOrDefault(int.Parse(number), """{"status":"InProgress"}"""));
        }

        return Sets.TryGetValue(parts[0], out var set)
            ? OfSet(set, request, parts[1..], body)
            : Answer(HttpStatusCode.NotFound, Error("ResourceNotFound"));
    }

    private HttpResponseMessage OfSet(ScriptedSet set, HttpRequestMessage request, string[] below, string body)
    {
        switch (request.Method.Method, below)
        {
            case ("GET", []):
                return Answer(HttpStatusCode.OK, set.Json().ToJsonString());
            case ("GET", ["virtualMachines"]):
                return Page(request, [.. set.Machines.Select(set.Machine)]);
            case ("GET", ["virtualMachines", var id]):
                return Answer(HttpStatusCode.OK, set.Machine(int.Parse(id)).ToJsonString());
            case ("PATCH", []):
                if (request.Headers.TryGetValues("If-Match", out var tags) && tags.Single() != set.ETag)
                {
                    return Answer(HttpStatusCode.PreconditionFailed, Error("PreconditionFailed"));
                }

                set.Writes++;
                set.Capacity = JsonNode.Parse(body)!["sku"]!["capacity"]!.GetValue<int>();
                while (set.Machines.Count < set.Capacity)
                {
                    set.Machines.Add(set.NextId++);
                }

                var written = Accepted(HttpStatusCode.OK, set.Json().ToJsonString());
                written.Headers.TryAddWithoutValidation("ETag", set.ETag);
                return written;
            case ("POST", ["delete"]):
                var ids = JsonNode.Parse(body)!["instanceIds"]!.AsArray().Select(i => int.Parse(i!.GetValue<string>())).ToList();
                if (!ids.TrueForAll(set.Machines.Contains))
                {
                    return Answer(HttpStatusCode.BadRequest, Error("InvalidParameter", ""","target":"instanceIds" """));
                }

                set.Writes++;
                set.Machines.RemoveAll(ids.Contains);
                set.Capacity -= ids.Count;
                return Accepted(HttpStatusCode.Accepted, "");
            default:
                return Accepted(HttpStatusCode.Accepted, "");
        }
    }

    private HttpResponseMessage Accepted(HttpStatusCode status, string body)
    {
        var response = Answer(status, body);
        response.Headers.TryAddWithoutValidation("Azure-AsyncOperation", $"{Endpoint}subscriptions/sub-1/providers/Microsoft.Compute/operations/{++_operations}?p=1&api-version=2024-07-01");
        return response;
    }

    private HttpResponseMessage Page(HttpRequestMessage request, JsonArray all)
    {
        var page = new JsonObject { ["value"] = all };
        if (PageSize is { } size && all.Count > size)
        {
            var skip = int.Parse(request.RequestUri!.Query.Split("skip=") is [_, var n] ? n : "0");
            page["value"] = new JsonArray([.. all.Skip(skip).Take(size).Select(n => n!.DeepClone())]);
            if (skip + size < all.Count)
            {
                var uri = request.RequestUri!.AbsoluteUri.Split("&skip=")[0];
                page["nextLink"] = $"{uri}&skip={skip + size}";
            }
        }

        return Answer(HttpStatusCode.OK, page.ToJsonString());
    }

    private const string Skus = """
        {"value":[
        {"resourceType":"disks","name":"Premium_LRS"},
        {"resourceType":"virtualMachines","name":"Standard_D2s_v5","family":"standardDSv5Family","restrictions":[],
         "capabilities":[{"name":"vCPUs","value":"2"},{"name":"MemoryGB","value":"8"},{"name":"CpuArchitectureType","value":"x64"}]},
        {"resourceType":"virtualMachines","name":"Standard_NC4as_T4_v3","family":"Standard NCASv3_T4 Family",
         "restrictions":[{"type":"Location","reasonCode":"NotAvailableForSubscription"}],
         "capabilities":[{"name":"vCPUs","value":"4"},{"name":"MemoryGB","value":"28"},{"name":"GPUs","value":"1"}]}]}
        """;
}

/// <summary>One scale set of <see cref="ScriptedArm"/>.</summary>
internal sealed class ScriptedSet(string name)
{
    public int Capacity { get; set; }

    public int Writes { get; set; } = 1;

    public string ETag => $"\"{Writes}\"";

    public int NextId { get; set; }

    public string Size { get; set; } = "Standard_D2s_v5";

    public string? Priority { get; set; }

    public string Orchestration { get; set; } = "Uniform";

    /// <summary>The system disk of its machines, as JSON; null: not told.</summary>
    public string? Disk { get; set; }

    public string State { get; set; } = "Succeeded";

    public List<int> Machines { get; } = [];

    public Dictionary<string, string> Tags { get; } = [];

    /// <summary>Power state by machine; running where there is none.</summary>
    public Dictionary<int, string> Power { get; } = [];

    public Dictionary<int, string> Provisioning { get; } = [];

    public HashSet<int> Shielded { get; } = [];

    public JsonObject Json() => new()
    {
        ["id"] = $"{ScriptedArm.Group}/virtualMachineScaleSets/{name}",
        ["name"] = name,
        ["location"] = "East US",
        ["etag"] = ETag,
        ["zones"] = new JsonArray("1"),
        ["tags"] = new JsonObject(Tags.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value))),
        ["sku"] = new JsonObject { ["name"] = Size, ["tier"] = "Standard", ["capacity"] = Capacity },
        ["properties"] = new JsonObject
        {
            ["orchestrationMode"] = Orchestration,
            ["provisioningState"] = State,
            ["uniqueId"] = "unique",
            ["singlePlacementGroup"] = true,
            ["virtualMachineProfile"] = new JsonObject { ["priority"] = Priority, ["storageProfile"] = new JsonObject { ["osDisk"] = Disk is null ? null : JsonNode.Parse(Disk) } },
        },
    };

    public JsonNode Machine(int id) => new JsonObject
    {
        ["id"] = $"{ScriptedArm.Group}/virtualMachineScaleSets/{name}/virtualMachines/{id}",
        ["name"] = $"{name}_{id}",
        ["instanceId"] = $"{id}",
        ["location"] = "eastus",
        ["etag"] = "\"1\"",
        ["zones"] = new JsonArray("1"),
        ["sku"] = new JsonObject { ["name"] = Size, ["tier"] = "Standard" },
        ["properties"] = new JsonObject
        {
            ["vmId"] = $"vm-{id}",
            ["provisioningState"] = Provisioning.GetValueOrDefault(id, "Succeeded"),
            ["timeCreated"] = "2026-01-01T00:00:00+00:00",
            ["osProfile"] = new JsonObject { ["computerName"] = $"{name}00000{id}" },
            ["protectionPolicy"] = new JsonObject { ["protectFromScaleIn"] = Shielded.Contains(id) },
            ["instanceView"] = new JsonObject
            {
                ["statuses"] = new JsonArray(
                    new JsonObject { ["code"] = "ProvisioningState/succeeded" },
                    new JsonObject { ["code"] = $"PowerState/{Power.GetValueOrDefault(id, "running")}" }),
            },
        },
    };
}
