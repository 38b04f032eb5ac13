using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>The status with which an object is born: what a typed server writes although nobody has said anything yet.</summary>
internal static class StatusDefaults
{
    private static readonly string[] NodeFacts =
    [
        "machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion", "kubeletVersion",
        "kubeProxyVersion", "operatingSystem", "architecture",
    ];

    public static void Apply(Kind kind, JsonObject json)
    {
        if (!kind.HasStatus || kind.Custom)
        {
            return;
        }

        var status = json.Ensure("status");
        switch (kind.Plural)
        {
            case "nodes":
                status.Ensure("daemonEndpoints").Ensure("kubeletEndpoint").Default("Port", 0);
                foreach (var name in NodeFacts)
                {
                    status.Ensure("nodeInfo").Default(name, "");
                }

                break;
            case "services" or "ingresses":
                status.Ensure("loadBalancer");
                break;
            case "replicasets" or "replicationcontrollers" or "statefulsets":
                Zero(status, "replicas");
                break;
            case "daemonsets":
                Zero(status, "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady");
                break;
            case "poddisruptionbudgets":
                Zero(status, "disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods");
                break;
            case "horizontalpodautoscalers":
                Zero(status, "currentReplicas", "desiredReplicas");
                break;
            default:
                break;
        }
    }

    private static void Zero(JsonObject status, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            status.Default(name, 0);
        }
    }
}
