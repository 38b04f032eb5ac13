using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Fills in what a client left out, as the typed defaults of the real server do.</summary>
internal static class Defaults
{
    public static void Apply(Kind kind, JsonObject json)
    {
        if (kind.Custom)
        {
            return;
        }

        switch (kind.Plural)
        {
            case "pods":
                PodDefaults.ApplySpec(json.Ensure("spec"));
                break;
            case "podtemplates":
                Template(json);
                break;
            case "nodes":
                if (json.Ensure("spec").Text("podCIDR") is { Length: > 0 } range)
                {
                    json["spec"]!.AsObject().Default("podCIDRs", new JsonArray(range));
                }

                break;
            case "namespaces":
                Namespace(json);
                break;
            case "secrets":
                Secret(json);
                break;
            case "services":
                Service(json.Ensure("spec"));
                break;
            case "horizontalpodautoscalers":
                json.Ensure("spec").Default("minReplicas", 1);
                break;
            case "endpoints":
                foreach (var port in json.Objects("subsets").SelectMany(subset => subset.Objects("ports")))
                {
                    port.Default("protocol", "TCP");
                }

                break;
            case "networkpolicies":
                NetworkPolicy(json.Ensure("spec"));
                break;
            case "limitranges":
                foreach (var item in json.Objects("spec", "limits").Where(item => item.Text("type") == "Container"))
                {
                    LimitItem(item);
                }

                break;
            case "persistentvolumes":
                json.Object("spec", "hostPath")?.Default("type", "");
                json.Ensure("spec").Default("persistentVolumeReclaimPolicy", "Retain");
                json.Ensure("spec").Default("volumeMode", "Filesystem");
                json.Ensure("status").Default("phase", "Pending");
                break;
            case "persistentvolumeclaims":
                json.Ensure("spec").Default("volumeMode", "Filesystem");
                json.Ensure("status").Default("phase", "Pending");
                break;
            case "deployments":
                Deployment(json.Ensure("spec"));
                break;
            case "replicasets" or "replicationcontrollers":
                Replicated(kind, json);
                break;
            case "statefulsets":
                StatefulSet(json.Ensure("spec"));
                break;
            case "daemonsets":
                json.Ensure("metadata").Ensure("annotations").Default(TemplateGeneration.Annotation, "1");
                DaemonSet(json.Ensure("spec"));
                break;
            case "jobs":
                JobDefaults.ApplySpec(json.Ensure("spec"));
                break;
            case "cronjobs":
                CronJob(json.Ensure("spec"));
                break;
            case "storageclasses":
                json.Default("reclaimPolicy", "Delete");
                json.Default("volumeBindingMode", "Immediate");
                break;
            case "priorityclasses":
                json.Default("preemptionPolicy", "PreemptLowerPriority");
                break;
            case "rolebindings" or "clusterrolebindings":
                Binding(json);
                break;
            case "events":
                json.Default("type", "Normal");
                json.Ensure("source");
                json.Default("reportingComponent", "");
                json.Default("reportingInstance", "");
                break;
            case "customresourcedefinitions":
                Definition(json.Ensure("spec"));
                break;
            case "endpointslices":
                foreach (var port in json.Objects("ports"))
                {
                    port.Default("protocol", "TCP");
                }

                break;
            default:
                break;
        }
    }

    internal static void Template(JsonNode? owner)
    {
        if (owner.Object("template") is { } template)
        {
            template.Ensure("metadata");
            PodDefaults.ApplySpec(template.Ensure("spec"));
        }
    }

    private static void Namespace(JsonObject json)
    {
        json.Ensure("metadata").Ensure("labels")["kubernetes.io/metadata.name"] = json.Text("metadata", "name");
        json.Ensure("spec").Default("finalizers", new JsonArray("kubernetes"));
        json.Ensure("status").Default("phase", "Active");
    }

    private static void Secret(JsonObject json)
    {
        json.Default("type", "Opaque");
        if (json.Remove("stringData", out var texts) && texts is JsonObject plain)
        {
            var data = json.Ensure("data");
            foreach (var (name, value) in plain)
            {
                data[name] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(value.Text() ?? ""));
            }
        }
    }

    private static void Service(JsonObject spec)
    {
        spec.Default("type", "ClusterIP");
        spec.Default("sessionAffinity", "None");
        if (spec.Text("type") is not "ExternalName")
        {
            spec.Default("internalTrafficPolicy", "Cluster");
            spec.Default("ipFamilies", new JsonArray("IPv4"));
            spec.Default("ipFamilyPolicy", "SingleStack");
        }

        if (spec.Text("type") is "NodePort" or "LoadBalancer")
        {
            spec.Default("externalTrafficPolicy", "Cluster");
        }

        foreach (var port in spec.Objects("ports"))
        {
            port.Default("protocol", "TCP");
            if (port["port"] is { } number)
            {
                port.Default("targetPort", number.DeepClone());
            }
        }
    }

    private static void Deployment(JsonObject spec)
    {
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        spec.Default("progressDeadlineSeconds", 600);
        var strategy = spec.Ensure("strategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Ensure("rollingUpdate");
            rolling.Default("maxUnavailable", "25%");
            rolling.Default("maxSurge", "25%");
        }

        Template(spec);
    }

    private static void Replicated(Kind kind, JsonObject json)
    {
        var spec = json.Ensure("spec");
        spec.Default("replicas", 1);
        Template(spec);
        if (kind.Equals(Kinds.ReplicationController) && spec.At("template", "metadata", "labels") is { } labels)
        {
            spec.Default("selector", labels.DeepClone());
            json.Ensure("metadata").Default("labels", labels.DeepClone());
        }
    }

    private static void StatefulSet(JsonObject spec)
    {
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        spec.Default("podManagementPolicy", "OrderedReady");
        var strategy = spec.Ensure("updateStrategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            strategy.Ensure("rollingUpdate").Default("partition", 0);
        }

        var retention = spec.Ensure("persistentVolumeClaimRetentionPolicy");
        retention.Default("whenDeleted", "Retain");
        retention.Default("whenScaled", "Retain");
        foreach (var claim in spec.Objects("volumeClaimTemplates"))
        {
            claim.Default("apiVersion", "v1");
            claim.Default("kind", "PersistentVolumeClaim");
            claim.Ensure("spec").Default("volumeMode", "Filesystem");
            claim.Ensure("status").Default("phase", "Pending");
        }

        Template(spec);
    }

    private static void DaemonSet(JsonObject spec)
    {
        spec.Default("revisionHistoryLimit", 10);
        var strategy = spec.Ensure("updateStrategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Ensure("rollingUpdate");
            rolling.Default("maxUnavailable", 1);
            rolling.Default("maxSurge", 0);
        }

        Template(spec);
    }

    private static void CronJob(JsonObject spec)
    {
        spec.Default("concurrencyPolicy", "Allow");
        spec.Default("suspend", false);
        spec.Default("successfulJobsHistoryLimit", 3);
        spec.Default("failedJobsHistoryLimit", 1);
        spec.Ensure("jobTemplate").Ensure("metadata");
        Template(spec["jobTemplate"]!.AsObject().Ensure("spec"));
    }

    private static void NetworkPolicy(JsonObject spec)
    {
        foreach (var port in spec.Objects("ingress").Concat(spec.Objects("egress")).SelectMany(rule => rule.Objects("ports")))
        {
            port.Default("protocol", "TCP");
        }

        if (spec["policyTypes"] is null)
        {
            spec["policyTypes"] = spec.Array("egress") is { Count: > 0 } ? new JsonArray("Ingress", "Egress") : new JsonArray("Ingress");
        }
    }

    /// <summary>What is the most is also the usual, and what is usual also what is asked for.</summary>
    private static void LimitItem(JsonObject item)
    {
        foreach (var (from, to) in new[] { ("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest") })
        {
            foreach (var (resource, amount) in item.Object(from) ?? [])
            {
                item.Ensure(to).Default(resource, amount!.DeepClone());
            }
        }
    }

    private static void Binding(JsonObject json)
    {
        json.Ensure("roleRef").Default("apiGroup", "rbac.authorization.k8s.io");
        foreach (var subject in json.Objects("subjects"))
        {
            if (subject.Text("kind") is "User" or "Group")
            {
                subject.Default("apiGroup", "rbac.authorization.k8s.io");
            }
        }
    }

    private static void Definition(JsonObject spec)
    {
        var names = spec.Ensure("names");
        var kind = names.Text("kind") ?? "";
        names.Default("singular", kind.ToLowerInvariant());
        names.Default("listKind", kind + "List");
        spec.Ensure("conversion").Default("strategy", "None");
    }
}
