using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

/// <summary>Scheduled events as machines read and acknowledge them.</summary>
internal static class MetadataEvents
{
    private const string Description = "2019-04-01";
    private const string Source = "2019-08-01";
    private const string Duration = "2020-07-01";

    /// <summary>What a version of the service tells of.</summary>
    public static JsonObject Json(ScheduledEvents announced, string version)
    {
        var shown = announced.Events.Where(e => Since(e.Type switch { "Preempt" => "2017-11-01", "Terminate" => "2019-01-01", _ => "2017-03-01" }));
        return new JsonObject
        {
            ["DocumentIncarnation"] = announced.Incarnation,
            ["Events"] = new JsonArray([.. shown.Select(One)]),
        };

        JsonNode One(ScheduledEvent e)
        {
            // The first version marked names of machines.
            var mark = Since("2017-08-01") ? "" : "_";
            var json = new JsonObject
            {
                ["EventId"] = e.Id,
                ["EventStatus"] = e.NotBefore is null ? "Started" : "Scheduled",
                ["EventType"] = e.Type,
                ["ResourceType"] = "VirtualMachine",
                ["Resources"] = new JsonArray([.. e.Resources.Select(name => (JsonNode)(mark + name))]),
                ["NotBefore"] = e.NotBefore?.UtcDateTime.ToString("R", CultureInfo.InvariantCulture) ?? "",
            };
            Add(Description, "Description", e.Description);
            Add(Source, "EventSource", e.Source);
            Add(Duration, "DurationInSeconds", (int)(e.Duration?.TotalSeconds ?? -1));
            return json;

            void Add(string since, string name, JsonNode value)
            {
                if (Since(since))
                {
                    json[name] = value;
                }
            }
        }

        bool Since(string first) => string.CompareOrdinal(version, first) >= 0;
    }

    /// <summary>The ids that an acknowledgement names; null when it is none.</summary>
    public static List<string>? Acknowledged(byte[]? body)
    {
        JsonNode? parsed = null;
        try
        {
            parsed = body is null ? null : JsonNode.Parse(body, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException)
        {
            // Refused below like any other body that is not an acknowledgement.
        }

        if (JsonRead.Get(parsed, "StartRequests") is not JsonArray requests)
        {
            return null;
        }

        var ids = requests.Select(q => JsonRead.Text(JsonRead.Get(q, "EventId"))).OfType<string>().ToList();
        return ids.Count == requests.Count ? ids : null;
    }
}
