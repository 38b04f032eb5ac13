using System.Text;
using System.Text.Json.Nodes;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Pools;
using Resources = Ebb.Kubernetes.Resources;

namespace Ebb.Tests.Joining.Lab;

/// <summary>Pods on the nodes of a lab's machines.</summary>
internal static class LabPods
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <param name="owner">Kind of its controller; null for none.</param>
    /// <param name="grace">Seconds.</param>
    public static Task<V1Pod> AddPodAsync(this JoinLab lab, string name, Machine machine, string? owner, long grace)
    {
        var metadata = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["app"] = name } };
        if (owner is not null)
        {
            metadata["ownerReferences"] = new JsonArray(
                new JsonObject { ["apiVersion"] = "v1", ["kind"] = owner, ["name"] = "o", ["uid"] = "o", ["controller"] = true });
        }

        var pod = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject
            {
                ["nodeName"] = machine.HostName.ToLowerInvariant(),
                ["terminationGracePeriodSeconds"] = grace,
                ["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "i" }),
            },
        };
        return lab.Client.PatchAsync(
            Resources.Pods, "default", name, PatchKind.Apply, Encoding.UTF8.GetBytes(pod.ToJsonString()),
            WriteOptions.Default with { FieldManager = "test" }, Ct);
    }

    public static Task<V1Pod?> PodAsync(this JoinLab lab, string name) => lab.Client.FindAsync(Resources.Pods, "default", name, Ct);

    /// <summary>It has ended, and is gone at once.</summary>
    public static Task EndPodAsync(this JoinLab lab, string name) =>
        lab.Client.DeleteAsync(Resources.Pods, "default", name, new() { GracePeriodSeconds = 0 }, Ct);
}
