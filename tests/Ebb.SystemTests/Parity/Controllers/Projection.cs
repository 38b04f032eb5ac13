using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Controllers;

/// <summary>
/// What of an object is compared: what controllers write and what they decide by. Fields that only newer releases have are
/// left out, and stand in docs/sandbox.md.
/// </summary>
internal static class Projection
{
    private static readonly string[] WorkloadStatus =
    [
        "replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "updatedReplicas", "unavailableReplicas",
        "currentReplicas", "currentRevision", "updateRevision", "collisionCount", "desiredNumberScheduled", "currentNumberScheduled",
        "numberMisscheduled", "numberReady", "updatedNumberScheduled", "numberAvailable", "numberUnavailable",
    ];

    // Newer releases give a Job's pods each label a second time, with a prefix.
    private static readonly string[] NewerLabels =
        ["batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid", "apps.kubernetes.io/pod-index"];

    /// <summary>Given to every namespace by other controllers.</summary>
    public static bool IsOfNoMatter(string kind, string name) =>
        kind is "Event" or "Namespace" or "Lease" || (kind == "ConfigMap" && name == "kube-root-ca.crt");

    public static string? Of(JsonObject item, Naming naming)
    {
        var kind = (string)item["kind"]!;
        var name = naming.Of(item);
        if (IsOfNoMatter(kind, name))
        {
            return null;
        }

        var line = new List<string>();
        var metadata = item["metadata"]!;
        // Volumes are made and bound in their own way, and have marks of it.
        Add(line, "labels", kind == "Node" ? null : Without(metadata["labels"], NewerLabels));
        Add(line, "annotations", kind is "Node" or "PersistentVolumeClaim" ? null : metadata["annotations"]);
        Add(line, "finalizers", kind == "PersistentVolumeClaim" ? null : metadata["finalizers"]);
        if (metadata["ownerReferences"] is JsonArray owners)
        {
            line.Add("owners " + string.Join(" ", owners.Select(o =>
                $"{o!["kind"]}:{naming.OfUid((string)o["uid"]!)}{Mark(o, "controller")}{Mark(o, "blockOwnerDeletion")}").Order(StringComparer.Ordinal)));
        }

        if (metadata["deletionTimestamp"] is not null)
        {
            line.Add("going");
        }

        AddOwn(kind, line, item, naming);
        return $"{kind} {name}: {string.Join(", ", line)}";
    }

    private static void AddOwn(string kind, List<string> line, JsonObject item, Naming naming)
    {
        var (spec, status) = (item["spec"], item["status"]);
        switch (kind)
        {
            case "Pod":
                AddPod(line, item, naming);
                break;
            case "ReplicaSet":
            case "ReplicationController":
                Add(line, "wants", spec!["replicas"]);
                Add(line, "selector", spec["selector"]);
                Add(line, "template", spec["template"]!["metadata"]!["labels"]);
                Add(line, "minReady", Set(spec["minReadySeconds"]));
                break;
            case "Deployment" or "StatefulSet":
                Add(line, "wants", spec!["replicas"]);
                break;
            case "ControllerRevision":
                Add(line, "revision", item["revision"]);
                break;
            case "Job":
                Add(line, "active", Set(status?["active"]));
                Add(line, "succeeded", Set(status?["succeeded"]));

                // Whether the pods that a failing Job takes along count as failed depends on how its writes fall.
                var failed = (status?["conditions"]?.AsArray() ?? []).Any(c => (string)c!["type"]! == "Failed");
                Add(line, "failed", failed ? null : Set(status?["failed"]));
                line.Add(status?["completionTime"] is null ? "not completed" : "completed");
                break;
            case "Node":
                Add(line, "taints", Taints(spec?["taints"]));
                Add(line, "unschedulable", spec?["unschedulable"]);
                break;
        }

        foreach (var field in WorkloadStatus.Where(field => Compares(kind, field)))
        {
            Add(line, field, Set(status?[field]));
        }

        var conditions = (status?["conditions"]?.AsArray() ?? [])
            .Where(c => (string)c!["type"]! is not ("DisruptionTarget" or "SuccessCriteriaMet" or "FailureTarget"))
            .Select(c => Condition(kind, c!))
            .Order(StringComparer.Ordinal);
        line.AddRange(conditions);
    }

    private static string Condition(string kind, JsonNode condition)
    {
        var (type, reason) = ((string)condition["type"]!, (string?)condition["reason"]);
        if (type == "Complete")
        {
            // That a Job is complete needed no reason before it could have several.
            return "Complete=" + condition["status"];
        }

        // The ReplicaSet that is named then may be that of the rollout before: the real one's writes race.
        var worded = kind is "Deployment" or "Job" && reason != "NewReplicaSetAvailable";
        return $"{type}={condition["status"]}{Bracket(reason)}{(worded ? Bracket(condition["message"]) : "")}";
    }

    // A StatefulSet's available pods were not counted apart from the ready ones.
    private static bool Compares(string kind, string field) =>
        kind is not ("Pod" or "Job" or "Node") && (kind, field) is not ("StatefulSet", "availableReplicas");

    private static void AddPod(List<string> line, JsonObject pod, Naming naming)
    {
        var spec = pod["spec"]!;
        line.Add(Pods.StateOf(pod));
        if (naming.Of(pod).EndsWith("/*", StringComparison.Ordinal) || Pods.NodeOf(pod).Length == 0)
        {
            // Which of several equal pods is on which node is the scheduler's choice.
            line.Add(Pods.NodeOf(pod).Length == 0 ? "nowhere" : "somewhere");
        }

        Add(line, "hostname", spec["hostname"]);
        Add(line, "subdomain", spec["subdomain"]);
        Add(line, "affinity", spec["affinity"]);
        line.AddRange((spec["tolerations"]?.AsArray() ?? [])
            .Select(t => $"tolerates {t!["key"]}:{t["effect"]}{Bracket(t["tolerationSeconds"])}").Order(StringComparer.Ordinal));
        line.AddRange((spec["volumes"]?.AsArray() ?? [])
            .Where(v => v!["persistentVolumeClaim"] is not null)
            .Select(v => $"volume {v!["name"]}={v["persistentVolumeClaim"]!["claimName"]}"));
        Add(line, "reason", pod["status"]?["reason"]);
    }

    private static JsonArray? Taints(JsonNode? taints) => taints is not JsonArray { Count: > 0 } some
        ? null
        : new JsonArray([.. some.Select(t => $"{t!["key"]}={t["value"]}:{t["effect"]}").Order(StringComparer.Ordinal)]);

    // A count of nothing may be written or left out.
    private static JsonNode? Set(JsonNode? count) => count?.ToJsonString() is "0" ? null : count;

    private static JsonObject? Without(JsonNode? map, string[] names) => map is not JsonObject labels
        ? null
        : new JsonObject(labels.Where(pair => !names.Contains(pair.Key)).Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone())));

    private static void Add(List<string> line, string name, JsonNode? value)
    {
        if (value is null or JsonObject { Count: 0 } or JsonArray { Count: 0 })
        {
            return;
        }

        line.Add($"{name} {Sorted(value).ToJsonString()}");
    }

    private static JsonNode Sorted(JsonNode value) => value switch
    {
        JsonObject map => new JsonObject(map.OrderBy(p => p.Key, StringComparer.Ordinal)
            .Select(p => KeyValuePair.Create(p.Key, p.Value is null ? null : (JsonNode?)Sorted(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(each => each is null ? null : Sorted(each))]),
        _ => value.DeepClone(),
    };

    private static string Bracket(JsonNode? text) => text is null || text.ToString().Length == 0 ? "" : $"({text})";

    private static string Mark(JsonNode owner, string flag) => (bool?)owner[flag] == true ? "," + flag : "";
}
