using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Sandbox.Azure.Access;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure.Resources;

/// <summary>Who changed what, and what came of it: the last ten thousand changes, refused ones too.</summary>
internal sealed partial class ActivityLog(ResourceStore store)
{
    private const int Most = 10_000;

    private readonly Queue<Entry> _entries = new();
    private long _count;

    public void Record(ArmRequest r, ArmAction? action, ArmReply reply)
    {
        if (r.Method is "GET" or "HEAD" || action is null)
        {
            return;
        }

        if (_entries.Count == Most)
        {
            _entries.Dequeue();
        }

        _entries.Enqueue(new Entry(_count++, store.World.Agenda.Now, r.Caller.ObjectId, r.Method, action, reply.Status, JsonRead.Text(JsonRead.At(reply.Body, "error", "code"))));
    }

    /// <summary>Null when the request is none of these.</summary>
    public ArmReply? Answer(ArmRequest r) =>
        (r.Method, r.Lower) is ("GET", ["subscriptions", _, "providers", "microsoft.insights", "eventtypes", "management", "values"])
            ? ArmReply.From(store.World.Read<ArmReply>(CallKind.ListResources, () => List(r)), reply => reply)
            : null;

    private ArmReply List(ArmRequest r)
    {
        IEnumerable<Entry> found = _entries.Reverse();
        foreach (var text in r.Query["$filter"].ToString().Split(" and ", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Term().Match(text) is not { Success: true } match || Test(match.Groups["name"].Value, match.Groups["op"].Value, match.Groups["value"].Value) is not { } test)
            {
                return ArmReply.Error(400, "BadRequest", $"The $filter '{text}' is not supported.");
            }

            found = found.Where(test);
        }

        var after = long.TryParse(r.Query["$skiptoken"].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var token) ? token : long.MaxValue;
        var page = found.Where(e => e.Number < after).Take(store.Options.PageSize + 1).ToList();
        var body = ScaleSetRoutes.Value(page.Take(store.Options.PageSize).Select(Json));
        if (page.Count > store.Options.PageSize)
        {
            body["nextLink"] = Paging.Next(r, page[^2].Number.ToString(CultureInfo.InvariantCulture));
        }

        return new ArmReply(200, body);
    }

    private static Func<Entry, bool>? Test(string name, string op, string value)
    {
        switch (name.ToLowerInvariant(), op.ToLowerInvariant())
        {
            case ("eventtimestamp", "ge" or "le"):
                const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
                return DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, Utc, out var at)
                    ? e => op.Equals("ge", StringComparison.OrdinalIgnoreCase) ? e.At >= at : e.At <= at
                    : null;
            case ("resourcegroupname", "eq"):
                return e => value.Equals(e.Group, StringComparison.OrdinalIgnoreCase);
            case ("resourceuri" or "resourceid", "eq"):
                return e => value.Equals(e.Action.Scope, StringComparison.OrdinalIgnoreCase);
            case ("resourceprovider", "eq"):
                return e => e.Action.Name.StartsWith(value + "/", StringComparison.OrdinalIgnoreCase);
            case ("caller", "eq"):
                return e => value.Equals(e.Caller, StringComparison.OrdinalIgnoreCase);
            case ("status", "eq"):
                return e => value.Equals(e.Outcome, StringComparison.OrdinalIgnoreCase);
            case ("eventchannels", "eq"):
                return _ => true;
            default:
                return null;
        }
    }

    private JsonObject Json(Entry e)
    {
        var id = Principals.PrincipalOf($"activity {e.Number}");
        return new JsonObject
        {
            ["authorization"] = new JsonObject { ["action"] = e.Action.Name, ["scope"] = e.Action.Scope },
            ["caller"] = e.Caller,
            ["category"] = Named("Administrative"),
            ["channels"] = "Operation",
            ["correlationId"] = id,
            ["description"] = "",
            ["eventDataId"] = id,
            ["eventName"] = new JsonObject { ["value"] = "EndRequest", ["localizedValue"] = "End request" },
            ["eventTimestamp"] = ScaleSetJson.Time(e.At),
            ["httpRequest"] = new JsonObject { ["method"] = e.Method, ["clientRequestId"] = id },
            ["id"] = $"{e.Action.Scope}/events/{id}/ticks/{e.At.UtcTicks}",
            ["level"] = e.Failed ? "Error" : "Informational",
            ["operationId"] = id,
            ["operationName"] = Named(e.Action.Name),
            ["properties"] = e.Code is null ? new JsonObject { ["statusCode"] = $"{e.Status}" } : new JsonObject { ["statusCode"] = $"{e.Status}", ["statusMessage"] = e.Code },
            ["resourceGroupName"] = e.Group ?? "",
            ["resourceId"] = e.Action.Scope,
            ["resourceProviderName"] = Named(e.Action.Name.Split('/')[0]),
            ["status"] = Named(e.Outcome),
            ["submissionTimestamp"] = ScaleSetJson.Time(e.At),
            ["subscriptionId"] = store.World.Options.SubscriptionId,
            ["subStatus"] = new JsonObject { ["value"] = $"{e.Status}", ["localizedValue"] = $"(HTTP Status Code: {e.Status})" },
            ["tenantId"] = store.World.Options.TenantId,
        };
    }

    private static JsonObject Named(string value) => new() { ["value"] = value, ["localizedValue"] = value };

    // Clients disagree on quotes around times.
    [GeneratedRegex(@"^(?<name>[A-Za-z]+)\s+(?<op>eq|ge|le)\s+(?:'(?<value>[^']*)'|(?<value>[^'\s]+))\z", RegexOptions.IgnoreCase)]
    private static partial Regex Term();

    private sealed record Entry(long Number, DateTimeOffset At, string Caller, string Method, ArmAction Action, int Status, string? Code)
    {
        public bool Failed => Status >= 400;

        // What goes on after its answer has been accepted, and no more is known of it here.
        public string Outcome => Failed ? "Failed" : Status == 202 ? "Accepted" : "Succeeded";

        public string? Group => Action.Scope.Split('/', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, var group, ..] ? group : null;
    }
}
