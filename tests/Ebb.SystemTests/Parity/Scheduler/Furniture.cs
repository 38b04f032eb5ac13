using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>What every case finds there, and what the harness itself puts among it.</summary>
internal static class Furniture
{
    /// <summary>The storage class of disks that are there or not.</summary>
    public const string NobodyMakes = "local";

    public static ImmutableArray<string> Namespaces { get; } = ["default", "other"];

    /// <summary>Paths and bodies, in the order in which they can be made.</summary>
    public static IEnumerable<(string Path, JsonObject Body)> All =>
    [
        ("/api/v1/namespaces", Json("""{"metadata":{"name":"other","labels":{"team":"blue"}}}""")),
        PriorityClass("low", -10, "PreemptLowerPriority"),
        PriorityClass("high", 1000, "PreemptLowerPriority"),
        PriorityClass("high-patient", 1000, "Never"),
        RuntimeClass("""{"metadata":{"name":"heavy"},"handler":"vm","overhead":{"podFixed":{"cpu":"250m","memory":"120Mi"}}}"""),
        RuntimeClass(
            """
            {"metadata":{"name":"sealed"},"handler":"vm",
             "scheduling":{"nodeSelector":{"disk":"ssd"},"tolerations":[{"key":"for","operator":"Equal","value":"gpu","effect":"NoSchedule"}]}}
            """),
        StorageClass("""{"metadata":{"name":"now"},"provisioner":"example.com/disk","volumeBindingMode":"Immediate"}"""),
        StorageClass("""{"metadata":{"name":"wait"},"provisioner":"example.com/disk","volumeBindingMode":"WaitForFirstConsumer"}"""),
        StorageClass("""{"metadata":{"name":"local"},"provisioner":"kubernetes.io/no-provisioner","volumeBindingMode":"WaitForFirstConsumer"}"""),
        StorageClass(
            """
            {"metadata":{"name":"wait-zone"},"provisioner":"example.com/disk","volumeBindingMode":"WaitForFirstConsumer",
             "allowedTopologies":[
               {"matchLabelExpressions":[{"key":"topology.kubernetes.io/zone","values":["zone-0","zone-1"]},{"key":"disk","values":["ssd"]}]},
               {"matchLabelExpressions":[{"key":"topology.kubernetes.io/zone","values":["zone-2"]}]}]}
            """),
    ];

    /// <summary>A pod that fits nowhere, and whose answer counts the nodes of one case.</summary>
    public static JsonObject Canary(int number, string label, string value) => Json(
        $$$"""
        {"metadata":{"name":"canary-{{{number}}}","namespace":"default","labels":{"canary":"yes"}},
         "spec":{"nodeSelector":{"{{{label}}}":"{{{value}}}"},"tolerations":[{"operator":"Exists"}],
                 "containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"1M"} } }]} }
        """);

    /// <summary>The volume that a provisioner would make for a claim on a node.</summary>
    public static JsonObject Provisioned(JsonObject claim, string node) => Json(
        $$$"""
        {"metadata":{"name":"made-for-{{{claim["metadata"]!["uid"]}}}"},
         "spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"storageClassName":"{{{claim["spec"]!["storageClassName"]}}}",
                 "hostPath":{"path":"/tmp"},
                 "claimRef":{"namespace":"{{{claim["metadata"]!["namespace"]}}}","name":"{{{claim["metadata"]!["name"]}}}","uid":"{{{claim["metadata"]!["uid"]}}}"},
                 "nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"kubernetes.io/hostname","operator":"In","values":["{{{node}}}"]}]}]} } } }
        """);

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();

    private static (string Path, JsonObject Body) PriorityClass(string name, int value, string preemption) => (
        "/apis/scheduling.k8s.io/v1/priorityclasses",
        new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["value"] = value, ["preemptionPolicy"] = preemption });

    private static (string Path, JsonObject Body) RuntimeClass(string text) => ("/apis/node.k8s.io/v1/runtimeclasses", Json(text));

    private static (string Path, JsonObject Body) StorageClass(string text) => ("/apis/storage.k8s.io/v1/storageclasses", Json(text));
}
