using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes;

/// <summary>An Event as those write it that watch over objects.</summary>
internal static class EventObject
{
    // As recorders elsewhere cut it; the API server would refuse more.
    private const int MostMessage = 1024;

    public static JsonObject New(
        string name, string ns, KubeObject about, string type, string component, string reason, string message, string host,
        DateTimeOffset now)
    {
        var source = new JsonObject { ["component"] = component };
        source.Put("host", host);
        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
            ["involvedObject"] = new JsonObject
            {
                ["kind"] = about.Kind.Name,
                ["namespace"] = about.Namespace,
                ["name"] = about.Name,
                ["uid"] = about.Uid,
                ["apiVersion"] = about.Kind.ApiVersion,
                ["resourceVersion"] = about.ResourceVersion.ToString(),
            },
            ["reason"] = reason,
            ["message"] = message.Length > MostMessage ? message[..MostMessage] : message,
            ["source"] = source,
            ["firstTimestamp"] = Timestamps.Seconds(now),
            ["lastTimestamp"] = Timestamps.Seconds(now),
            ["count"] = 1,
            ["type"] = type,
            ["eventTime"] = null,
            ["reportingComponent"] = component,
            ["reportingInstance"] = host,
        };
    }
}
