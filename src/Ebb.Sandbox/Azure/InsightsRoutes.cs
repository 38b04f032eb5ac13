using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

/// <summary>Autoscale settings and metrics of Microsoft.Insights.</summary>
internal sealed class InsightsRoutes(CloudWorld world)
{
    /// <summary>Null when the request is none of these.</summary>
    public ArmReply? Answer(ArmRequest r) => (r.Method, r.Lower) switch
    {
        ("GET", ["subscriptions", _, "providers", "microsoft.insights", "autoscalesettings"]) => List(null),
        ("GET", ["subscriptions", _, "resourcegroups", _, "providers", "microsoft.insights", "autoscalesettings"]) => List(r.Segments[3]),
        (_, ["subscriptions", _, "resourcegroups", _, "providers", "microsoft.insights", "autoscalesettings", _]) => OfSetting(r, r.Segments[3], r.Segments[7]),
        ("GET", ["subscriptions", _, "resourcegroups", _, "providers", "microsoft.compute", "virtualmachinescalesets", _, "providers", "microsoft.insights", "metrics"]) =>
            Metrics(r, r.Segments[3], r.Segments[7]),
        _ => null,
    };

    private ArmReply List(string? group) => ArmReply.From(world.ListAutoscale(group), listing => new ArmReply(200, ScaleSetRoutes.Value(listing.Items.Select(Json))));

    private ArmReply? OfSetting(ArmRequest r, string group, string name) => r.Method switch
    {
        "GET" => ArmReply.From(world.GetAutoscale(group, name), s => new ArmReply(200, Json(s))),
        "PUT" or "PATCH" => ArmReply.From(
            world.PutAutoscale(group, name, r.Body as JsonObject ?? [], patch: r.Method == "PATCH"),
            s => new ArmReply(s.Created ? 201 : 200, Json(s))),
        "DELETE" => ArmReply.From(world.DeleteAutoscale(group, name), existed => new ArmReply(existed ? 200 : 204)),
        _ => null,
    };

    private static JsonObject Json(AutoscaleSetting setting)
    {
        var json = setting.Model.DeepClone().AsObject();
        json["id"] = setting.ResourceId;
        json["name"] = setting.Name;
        json["type"] = "Microsoft.Insights/autoscaleSettings";
        json["tags"] ??= new JsonObject();
        var properties = ScaleSetJson.Child(json, "properties");
        properties["name"] ??= setting.Name;
        properties["enabled"] = setting.Enabled;
        properties["notifications"] ??= new JsonArray();
        return json;
    }

    private ArmReply Metrics(ArmRequest r, string group, string set)
    {
        var names = r.Query["metricnames"].ToString();
        if (names.Length > 0 && !names.Equals("Percentage CPU", StringComparison.OrdinalIgnoreCase))
        {
            return ArmReply.Error(400, "BadRequest", $"Failed to find metric configuration for provider: Microsoft.Compute, resource Type: virtualMachineScaleSets, metric: {names}, Valid metrics: Percentage CPU");
        }

        var now = world.Agenda.Now;
        var (from, to) = (now - TimeSpan.FromHours(1), now);
        var timespan = r.Query["timespan"].ToString();
        if (timespan.Length > 0 && !Interval(timespan, out from, out to))
        {
            return ArmReply.Error(400, "BadRequest", $"Invalid time interval input: '{timespan}'.");
        }

        var aggregation = r.Query["aggregation"].ToString() is { Length: > 0 } asked ? asked.Split(',') : ["Average"];
        if (aggregation.FirstOrDefault(a => !Combines.ContainsKey(a)) is { } unknown)
        {
            return ArmReply.Error(400, "BadRequest", $"Invalid aggregation type: '{unknown}'. Valid aggregation types: {string.Join(',', Combines.Keys)}");
        }

        return ArmReply.From(world.GetCpu(group, set, from, to), listing =>
        {
            var resource = world.Find(group, set)!.ResourceId;
            var data = listing.Items.Where(s => s.ByMachine.Length > 0).Select(s => (JsonNode)Point(s, aggregation));
            return new ArmReply(200, new JsonObject
            {
                ["cost"] = (int)(to - from).TotalMinutes,
                ["timespan"] = $"{from.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}/{to.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}",
                ["interval"] = XmlConvert.ToString(TimeSpan.FromMinutes(1)),
                ["value"] = new JsonArray(new JsonObject
                {
                    ["id"] = $"{resource}/providers/Microsoft.Insights/metrics/Percentage CPU",
                    ["type"] = "Microsoft.Insights/metrics",
                    ["name"] = new JsonObject { ["value"] = "Percentage CPU", ["localizedValue"] = "Percentage CPU" },
                    ["unit"] = "Percent",
                    ["timeseries"] = new JsonArray(new JsonObject { ["metadatavalues"] = new JsonArray(), ["data"] = new JsonArray([.. data]) }),
                    ["errorCode"] = "Success",
                }),
                ["namespace"] = "Microsoft.Compute/virtualMachineScaleSets",
                ["resourceregion"] = world.Options.Location,
            });
        });
    }

    private static readonly Dictionary<string, Combine> Combines = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Average"] = Combine.Average,
        ["Minimum"] = Combine.Min,
        ["Maximum"] = Combine.Max,
        ["Total"] = Combine.Sum,
        ["Count"] = Combine.Count,
    };

    private static JsonObject Point(CpuSample sample, string[] aggregations)
    {
        var point = new JsonObject { ["timeStamp"] = $"{sample.At.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}" };
        foreach (var aggregation in aggregations)
        {
            point[aggregation.ToLowerInvariant()] = Autoscale.Fold([.. sample.ByMachine.Select(m => m.Percent)], Combines[aggregation]);
        }

        return point;
    }

    private static bool Interval(string text, out DateTimeOffset from, out DateTimeOffset to)
    {
        (from, to) = (default, default);
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal;
        return text.Split('/') is [var first, var second]
            && DateTimeOffset.TryParse(first, CultureInfo.InvariantCulture, Utc, out from)
            && DateTimeOffset.TryParse(second, CultureInfo.InvariantCulture, Utc, out to)
            && from <= to;
    }
}
