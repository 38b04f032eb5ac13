using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Turns objects from the version they are kept in to the one they are served in, and back.</summary>
internal static class Versions
{
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // The newer group of Events says the same under other names.
    private static readonly (string Core, string Newer)[] EventFields =
    [
        ("involvedObject", "regarding"), ("message", "note"), ("reportingComponent", "reportingController"),
        ("source", "deprecatedSource"), ("firstTimestamp", "deprecatedFirstTimestamp"),
        ("lastTimestamp", "deprecatedLastTimestamp"), ("count", "deprecatedCount"),
    ];

    public static ReadOnlyMemory<byte> Utf8(KubeObject item, Resource resource) =>
        resource.IsStored ? item.Utf8 : Bytes(ToServed(item, resource));

    public static JsonObject ToServed(KubeObject item, Resource resource)
    {
        if (resource.IsStored)
        {
            return item.Json;
        }

        var json = item.Json.DeepClone().AsObject();
        json["apiVersion"] = resource.ApiVersion;
        if (resource.Group == "events.k8s.io")
        {
            foreach (var (core, newer) in EventFields)
            {
                Rename(json, core, newer);
            }

            foreach (var name in new[] { "reportingController", "reportingInstance" })
            {
                if (json.Text(name) is "")
                {
                    json.Remove(name);
                }
            }
        }
        else if (resource.Group == "autoscaling" && json["spec"] is JsonObject spec)
        {
            var cpu = spec.Objects("metrics").FirstOrDefault(m => m.Text("resource", "name") == "cpu");
            spec.Remove("metrics");
            if (cpu.Whole("resource", "target", "averageUtilization") is { } percent)
            {
                spec["targetCPUUtilizationPercentage"] = percent;
            }
        }

        return json;
    }

    public static void ToStored(JsonObject json, Resource resource)
    {
        if (resource.IsStored)
        {
            return;
        }

        json["apiVersion"] = resource.Kind.ApiVersion;
        if (resource.Group == "events.k8s.io")
        {
            foreach (var (core, newer) in EventFields)
            {
                Rename(json, newer, core);
            }
        }
        else if (resource.Group == "autoscaling" && json["spec"] is JsonObject spec
            && spec.Remove("targetCPUUtilizationPercentage", out var percent))
        {
            spec["metrics"] = new JsonArray(new JsonObject
            {
                ["type"] = "Resource",
                ["resource"] = new JsonObject
                {
                    ["name"] = "cpu",
                    ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = percent },
                },
            });
        }
    }

    public static byte[] Bytes(JsonNode json)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = Options.Encoder }))
        {
            json.WriteTo(writer);
        }

        return buffer.ToArray();
    }

    private static void Rename(JsonObject json, string from, string to)
    {
        if (json.Remove(from, out var value))
        {
            json[to] = value;
        }
    }
}
