using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>What may not change once an object is stored.</summary>
internal static class Immutability
{
    private const string Fixed = "field is immutable";

    public static void Check(KubeObject stored, JsonObject json, Problems problems)
    {
        if (stored.Kind.Custom)
        {
            return;
        }

        switch (stored.Kind.Plural)
        {
            case "pods":
                CheckPod(stored, json, problems);
                break;
            case "deployments" or "replicasets" or "daemonsets":
                Same(stored, json, problems, "spec", "selector");
                break;
            case "statefulsets":
                CheckStatefulSet(stored, json, problems);
                break;
            case "jobs":
                CheckJob(stored, json, problems);
                break;
            case "services":
                ServiceRules.CheckChange(stored, json, problems);
                break;
            case "rolebindings" or "clusterrolebindings":
                if (!JsonNode.DeepEquals(stored.Json["roleRef"], json["roleRef"]))
                {
                    problems.Add(Problem.Invalid("roleRef", json["roleRef"], "cannot change roleRef"));
                }

                break;
            case "priorityclasses":
                if (stored.Json.Whole("value") != json.Whole("value"))
                {
                    problems.Add(Problem.Forbidden("Value", "may not be changed in an update."));
                }

                break;
            case "storageclasses":
                StorageRules.CheckStorageClassChange(stored, json, problems);
                break;
            case "configmaps":
                DataRules.CheckFixed(stored, json, problems, "data", "binaryData");
                break;
            case "secrets":
                Same(stored, json, problems, "type");
                DataRules.CheckFixed(stored, json, problems, "data");
                break;
            case "nodes":
                if (stored.Json.Text("spec", "providerID") is { Length: > 0 } provider
                    && json.Text("spec", "providerID") != provider)
                {
                    problems.Add(Problem.Forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid"));
                }

                break;
            default:
                break;
        }
    }

    private static void Same(KubeObject stored, JsonObject json, Problems problems, params string[] path)
    {
        if (!JsonNode.DeepEquals(stored.Json.At(path), json.At(path)))
        {
            problems.Add(Problem.Invalid(string.Join('.', path), json.At(path)?.DeepClone(), Fixed));
        }
    }

    private static void CheckStatefulSet(KubeObject stored, JsonObject json, Problems problems)
    {
        foreach (var (name, value) in json.Object("spec") ?? [])
        {
            if (name is not ("replicas" or "ordinals" or "template" or "updateStrategy" or "minReadySeconds"
                or "persistentVolumeClaimRetentionPolicy" or "revisionHistoryLimit")
                && !JsonNode.DeepEquals(stored.Json.At("spec", name), value))
            {
                problems.Add(Problem.Forbidden(
                    "spec",
                    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', " +
                    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and " +
                    "'minReadySeconds' are forbidden"));
                return;
            }
        }
    }

    private static void CheckJob(KubeObject stored, JsonObject json, Problems problems)
    {
        Same(stored, json, problems, "spec", "selector");
        Same(stored, json, problems, "spec", "completionMode");
        if (stored.Json.Text("spec", "completionMode") != "Indexed")
        {
            Same(stored, json, problems, "spec", "completions");
        }

        var before = stored.Json.At("spec", "template")?.DeepClone();
        var after = json.At("spec", "template")?.DeepClone();
        if (stored.Json.IsTrue("spec", "suspend") && stored.Json.At("status", "startTime") is null)
        {
            // Before it has ever started, where its pods go may still be decided.
            foreach (var template in new[] { before, after })
            {
                template.Object("metadata")?.Clear();
                foreach (var name in new[] { "nodeSelector", "affinity", "tolerations", "schedulingGates" })
                {
                    template.Object("spec")?.Remove(name);
                }
            }
        }

        if (!JsonNode.DeepEquals(before, after))
        {
            problems.Add(Problem.Invalid("spec.template", json.At("spec", "template")?.DeepClone(), Fixed));
        }
    }

    private static void CheckPod(KubeObject stored, JsonObject json, Problems problems)
    {
        foreach (var part in new[] { "containers", "initContainers" })
        {
            if ((stored.Json.Array("spec", part)?.Count ?? 0) != (json.Array("spec", part)?.Count ?? 0))
            {
                problems.Add(Problem.Forbidden("spec." + part, "pod updates may not add or remove containers"));
                return;
            }
        }

        CheckDeadline(stored, json, problems);
        var before = Comparable(stored.Json);
        var after = Comparable(json);
        var gatesBefore = stored.Json.Objects("spec", "schedulingGates").Select(g => g.Text("name")).ToHashSet();
        var gated = gatesBefore.Count > 0;
        if (json.Objects("spec", "schedulingGates").Any(gate => !gatesBefore.Contains(gate.Text("name"))))
        {
            problems.Add(Problem.Forbidden(
                "spec.schedulingGates", "only deletion is allowed, but found new scheduling gate"));
        }

        if (gated)
        {
            // While it is held back, where it goes may still be narrowed.
            before.Remove("nodeSelector");
            after.Remove("nodeSelector");
            before.Remove("affinity");
            after.Remove("affinity");
        }

        var tolerations = stored.Json.Array("spec", "tolerations") ?? [];
        if (tolerations.Any(old => !(json.Array("spec", "tolerations") ?? []).Any(now => JsonNode.DeepEquals(old, now))))
        {
            problems.Add(Problem.Forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds"));
        }

        if (!JsonNode.DeepEquals(before, after))
        {
            problems.Add(Problem.Forbidden(
                "spec",
                "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
                "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
                "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"));
        }
    }

    private static void CheckDeadline(KubeObject stored, JsonObject json, Problems problems)
    {
        const string field = "spec.activeDeadlineSeconds";
        var (before, after) = (stored.Json.Whole("spec", "activeDeadlineSeconds"), json.Whole("spec", "activeDeadlineSeconds"));
        if (before is not null && after is null)
        {
            problems.Add(Problem.Invalid(field, null, "must not update from a positive integer to nil value"));
        }
        else if (after > before)
        {
            problems.Add(Problem.Invalid(field, after, "must be less than or equal to previous value"));
        }
    }

    private static JsonObject Comparable(JsonObject pod)
    {
        var spec = pod.Object("spec")?.DeepClone().AsObject() ?? [];
        foreach (var name in new[] { "activeDeadlineSeconds", "tolerations", "schedulingGates", "ephemeralContainers" })
        {
            spec.Remove(name);
        }

        foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
        {
            container.Remove("image");
        }

        return spec;
    }
}
