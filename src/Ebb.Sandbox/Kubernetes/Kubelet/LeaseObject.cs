using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Kubelet;

/// <summary>The Lease by which a kubelet says that it lives.</summary>
internal static class LeaseObject
{
    public const string Namespace = "kube-node-lease";

    /// <summary>It belongs to the Node, so that it goes with it.</summary>
    public static JsonObject New(string node, string nodeUid, TimeSpan every, DateTimeOffset now) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = node,
            ["namespace"] = Namespace,
            ["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Node",
                ["name"] = node,
                ["uid"] = nodeUid,
            }),
        },
        ["spec"] = Spec(node, every, now),
    };

    public static JsonObject Spec(string node, TimeSpan every, DateTimeOffset now) => new()
    {
        ["holderIdentity"] = node,
        ["leaseDurationSeconds"] = (int)(every.TotalSeconds * 4),
        ["renewTime"] = Timestamps.Micros(now),
    };
}
