using System.Globalization;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Controllers;

/// <summary>What can be seen of a pod.</summary>
internal static class Pods
{
    public static string NodeOf(JsonObject pod) => (string?)pod["spec"]!["nodeName"] ?? "";

    public static string PhaseOf(JsonObject pod) => (string?)pod["status"]?["phase"] ?? "Pending";

    public static bool IsGoing(JsonObject pod) => pod["metadata"]!["deletionTimestamp"] is not null;

    public static bool IsFinished(JsonObject pod) => PhaseOf(pod) is "Succeeded" or "Failed";

    public static bool IsReady(JsonObject pod) => Condition(pod, "Ready")?["status"]?.ToString() == "True";

    public static string StateOf(JsonObject pod) =>
        IsFinished(pod) ? PhaseOf(pod).ToLowerInvariant()
        : NodeOf(pod).Length == 0 ? "unbound"
        : IsReady(pod) ? "ready"
        : PhaseOf(pod).ToLowerInvariant();

    /// <summary>The scheduler has not said anything of it yet.</summary>
    public static bool AwaitsScheduler(JsonObject pod) =>
        NodeOf(pod).Length == 0 && !IsGoing(pod) && Condition(pod, "PodScheduled") is null;

    /// <summary>The node that it is on, or that a DaemonSet's pod is meant for.</summary>
    public static string TargetOf(JsonObject pod)
    {
        if (NodeOf(pod) is { Length: > 0 } node)
        {
            return node;
        }

        var terms = pod["spec"]!["affinity"]?["nodeAffinity"]?["requiredDuringSchedulingIgnoredDuringExecution"]?["nodeSelectorTerms"];
        return (string?)terms?[0]?["matchFields"]?[0]?["values"]?[0] ?? "";
    }

    /// <summary>A status as a kubelet writes it; what others have put there stays.</summary>
    public static JsonObject Status(JsonObject pod, string phase, bool ready)
    {
        var now = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var conditions = new JsonArray(
            [.. (pod["status"]?["conditions"]?.AsArray() ?? []).Where(c => !IsKubelets((string)c!["type"]!)).Select(c => c!.DeepClone())]);
        foreach (var (type, status) in new[] { ("Initialized", true), ("Ready", ready), ("ContainersReady", ready) })
        {
            var same = Condition(pod, type) is { } had && (string)had["status"]! == (status ? "True" : "False");
            conditions.Add(new JsonObject
            {
                ["type"] = type,
                ["status"] = status ? "True" : "False",
                ["lastTransitionTime"] = same ? (string?)Condition(pod, type)!["lastTransitionTime"] : now,
            });
        }

        JsonObject state = phase is "Succeeded" or "Failed"
            ? new() { ["terminated"] = new JsonObject { ["exitCode"] = phase == "Failed" ? 1 : 0, ["startedAt"] = now, ["finishedAt"] = now } }
            : new() { ["running"] = new JsonObject { ["startedAt"] = now } };
        var containers = pod["spec"]!["containers"]!.AsArray().Select(container => (JsonNode)new JsonObject
        {
            ["name"] = (string)container!["name"]!,
            ["image"] = (string)container["image"]!,
            ["imageID"] = "",
            ["ready"] = ready,
            ["restartCount"] = 0,
            ["state"] = state.DeepClone(),
        });
        return new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["phase"] = phase,
                ["startTime"] = (string?)pod["status"]?["startTime"] ?? now,
                ["conditions"] = conditions,
                ["containerStatuses"] = new JsonArray([.. containers]),
            },
        };
    }

    private static bool IsKubelets(string type) => type is "Initialized" or "Ready" or "ContainersReady";

    private static JsonNode? Condition(JsonObject pod, string type) =>
        pod["status"]?["conditions"]?.AsArray().FirstOrDefault(c => (string)c!["type"]! == type);
}
