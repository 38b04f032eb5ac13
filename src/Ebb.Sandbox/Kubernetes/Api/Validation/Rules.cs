using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Validation;

/// <summary>What an object must look like to be accepted.</summary>
internal static class Rules
{
    public static void CheckNew(Kind kind, JsonObject json)
    {
        var problems = new Problems(kind, json.Text("metadata", "name") ?? "");
        MetadataRules.Check(kind, json["metadata"], problems);
        Check(kind, json, problems);
        problems.ThrowIfAny();
    }

    public static void CheckMetadata(KubeObject stored, JsonObject json)
    {
        var problems = new Problems(stored.Kind, stored.Name);
        MetadataRules.Check(stored.Kind, json["metadata"], problems);
        MetadataRules.CheckChange(stored, json["metadata"], problems);
        problems.ThrowIfAny();
    }

    public static void CheckChange(KubeObject stored, JsonObject json)
    {
        var problems = new Problems(stored.Kind, stored.Name);
        MetadataRules.Check(stored.Kind, json["metadata"], problems);
        MetadataRules.CheckChange(stored, json["metadata"], problems);
        if (stored.Kind.Equals(Kinds.Secret))
        {
            // Of these the real one says first what may not change.
            Immutability.Check(stored, json, problems);
            Check(stored.Kind, json, problems);
        }
        else
        {
            Check(stored.Kind, json, problems);
            Immutability.Check(stored, json, problems);
        }

        problems.ThrowIfAny();
    }

    private static void Check(Kind kind, JsonObject json, Problems problems)
    {
        if (kind.Custom)
        {
            return;
        }

        var spec = json["spec"];
        switch (kind.Plural)
        {
            case "configmaps":
                DataRules.CheckConfigMap(json, problems);
                break;
            case "secrets":
                DataRules.CheckSecret(json, problems);
                break;
            case "pods":
                PodRules.CheckPod(spec, problems);
                break;
            case "deployments" or "replicasets" or "statefulsets" or "daemonsets":
                WorkloadRules.Check(kind.Plural, spec, problems);
                break;
            case "replicationcontrollers":
                WorkloadRules.CheckReplicationController(spec, problems);
                break;
            case "jobs":
                JobRules.CheckJob(json, problems);
                break;
            case "cronjobs":
                JobRules.CheckCronJob(json, problems);
                break;
            case "poddisruptionbudgets":
                WorkloadRules.CheckBudget(spec, problems);
                break;
            case "persistentvolumeclaims":
                StorageRules.CheckClaim(spec, problems);
                break;
            case "persistentvolumes":
                StorageRules.CheckVolume(spec, problems);
                break;
            case "storageclasses":
                StorageRules.CheckStorageClass(json, problems);
                break;
            case "priorityclasses":
                StorageRules.CheckPriorityClass(json, problems);
                break;
            case "services":
                ServiceRules.Check(spec, problems);
                break;
            case "nodes":
                CheckTaints(spec, problems);
                break;
            case "roles" or "clusterroles":
                CheckRole(json, problems);
                break;
            case "rolebindings" or "clusterrolebindings":
                CheckBinding(kind, json, problems);
                break;
            case "leases":
                if (spec.Whole("leaseDurationSeconds") is <= 0)
                {
                    problems.Add(Problem.Invalid(
                        "spec.leaseDurationSeconds", spec!["leaseDurationSeconds"], "must be greater than 0"));
                }

                if (spec.Whole("leaseTransitions") is < 0)
                {
                    problems.Add(Problem.Invalid(
                        "spec.leaseTransitions", spec!["leaseTransitions"], "must to greater or equal than 0"));
                }

                break;
            case "events":
                CheckEvent(json, problems);
                break;
            case "customresourcedefinitions":
                CheckDefinition(json, problems);
                break;
            default:
                break;
        }
    }

    private static void CheckTaints(JsonNode? spec, Problems problems)
    {
        var seen = new HashSet<string>();
        var i = 0;
        foreach (var taint in spec.Objects("taints"))
        {
            var at = $"metadata.taints[{i++}]";
            var key = taint.Text("key") ?? "";
            Names.CheckKey(key, at + ".key", problems);

            if (taint.Text("effect") is not ("NoSchedule" or "PreferNoSchedule" or "NoExecute"))
            {
                problems.Add(Problem.Unsupported(
                    at + ".effect", taint.Text("effect"), "NoSchedule", "PreferNoSchedule", "NoExecute"));
            }

            if (!seen.Add(key + ":" + taint.Text("effect")))
            {
                var twice = Problem.Duplicate(at, taint.DeepClone());
                problems.Add(twice with { Message = twice.Message + ": taints must be unique by key and effect pair" });
            }
        }
    }

    private static void CheckBinding(Kind kind, JsonNode json, Problems problems)
    {
        string[] roles = kind.Equals(Kinds.RoleBinding) ? ["Role", "ClusterRole"] : ["ClusterRole"];
        if (!roles.Contains(json.Text("roleRef", "kind")))
        {
            problems.Add(Problem.Unsupported("roleRef.kind", json.Text("roleRef", "kind"), roles));
        }

        if (string.IsNullOrEmpty(json.Text("roleRef", "name")))
        {
            problems.Add(Problem.Required("roleRef.name"));
        }

        var i = 0;
        foreach (var subject in json.Objects("subjects"))
        {
            var at = $"subjects[{i++}]";
            if (string.IsNullOrEmpty(subject.Text("name")))
            {
                problems.Add(Problem.Required(at + ".name"));
            }

            if (subject.Text("kind") is not ("User" or "Group" or "ServiceAccount"))
            {
                problems.Add(Problem.Unsupported(at + ".kind", subject.Text("kind"), "ServiceAccount", "User", "Group"));
            }
            else if (!kind.Namespaced && subject.Text("kind") == "ServiceAccount" && string.IsNullOrEmpty(subject.Text("namespace")))
            {
                problems.Add(Problem.Required(at + ".namespace"));
            }
        }
    }

    private static void CheckRole(JsonNode json, Problems problems)
    {
        var i = 0;
        foreach (var rule in json.Objects("rules"))
        {
            if (rule.Array("verbs") is not { Count: > 0 })
            {
                problems.Add(Problem.Required($"rules[{i}].verbs", "verbs must contain at least one value"));
            }

            if (rule.Array("nonResourceURLs") is not { Count: > 0 })
            {
                if (rule.Array("apiGroups") is not { Count: > 0 })
                {
                    problems.Add(Problem.Required(
                        $"rules[{i}].apiGroups", "resource rules must supply at least one api group"));
                }

                if (rule.Array("resources") is not { Count: > 0 })
                {
                    problems.Add(Problem.Required(
                        $"rules[{i}].resources", "resource rules must supply at least one resource"));
                }
            }

            i++;
        }
    }

    private static void CheckEvent(JsonObject json, Problems problems)
    {
        var ns = json.Text("metadata", "namespace");
        var about = json.Text("involvedObject", "namespace");
        if (string.IsNullOrEmpty(about) ? ns is not ("default" or "kube-system") : about != ns)
        {
            problems.Add(Problem.Invalid("involvedObject.namespace", about ?? "", "does not match event.namespace"));
        }

        if (json.Text("message") is { Length: > 1024 })
        {
            problems.Add(Problem.Invalid("message", "", "can have at most 1024 characters"));
        }
    }

    private static void CheckDefinition(JsonObject json, Problems problems)
    {
        var expected = $"{json.Text("spec", "names", "plural")}.{json.Text("spec", "group")}";
        var name = json.Text("metadata", "name");
        if (name != expected)
        {
            problems.Add(Problem.Invalid("metadata.name", name, $"must be spec.names.plural+\".\"+spec.group"));
        }

        if (string.IsNullOrEmpty(json.Text("spec", "names", "kind")))
        {
            problems.Add(Problem.Required("spec.names.kind"));
        }

        if (json.Text("spec", "scope") is not ("Namespaced" or "Cluster"))
        {
            problems.Add(Problem.Unsupported("spec.scope", json.Text("spec", "scope"), "Cluster", "Namespaced"));
        }

        if (json.Objects("spec", "versions").Count(v => v.IsTrue("storage")) != 1)
        {
            problems.Add(Problem.Invalid(
                "spec.versions",
                json.At("spec", "versions")?.DeepClone(),
                "must have exactly one version marked as storage version"));
            problems.Add(Problem.Invalid("status.storedVersions", new JsonArray(), "must have at least one stored version"));
        }

        var i = 0;
        foreach (var version in json.Objects("spec", "versions"))
        {
            if (version.At("schema", "openAPIV3Schema") is null)
            {
                problems.Add(Problem.Required($"spec.versions[{i}].schema.openAPIV3Schema", "schemas are required"));
            }

            i++;
        }
    }
}
