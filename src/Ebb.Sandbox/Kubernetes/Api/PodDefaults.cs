using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>What the server fills into pods and pod templates.</summary>
internal static class PodDefaults
{
    public static void ApplySpec(JsonObject spec)
    {
        spec.Default("restartPolicy", "Always");
        spec.Default("dnsPolicy", "ClusterFirst");
        spec.Default("terminationGracePeriodSeconds", 30);
        spec.Default("schedulerName", "default-scheduler");
        spec.Ensure("securityContext");
        if (spec.Text("serviceAccountName") is { Length: > 0 } account)
        {
            spec.Default("serviceAccount", account);
        }
        else if (spec.Text("serviceAccount") is { Length: > 0 } older)
        {
            spec["serviceAccountName"] = older;
        }

        var hostNetwork = spec.IsTrue("hostNetwork");
        foreach (var container in spec.Objects("initContainers").Concat(spec.Objects("containers")))
        {
            Container(container, hostNetwork);
        }

        foreach (var volume in spec.Objects("volumes"))
        {
            VolumeDefaults.Apply(volume);
        }
    }

    public static string QualityOfService(JsonNode? spec)
    {
        var (any, all) = (false, true);
        foreach (var container in spec.Objects("initContainers").Concat(spec.Objects("containers")))
        {
            var requests = container.Object("resources", "requests");
            var limits = container.Object("resources", "limits");
            foreach (var resource in new[] { "cpu", "memory" })
            {
                any |= requests?[resource] is not null || limits?[resource] is not null;
                all &= limits?[resource] is { } limit && (requests?[resource] is not { } request
                    || JsonNode.DeepEquals(request, limit));
            }
        }

        return all && any ? "Guaranteed" : any ? "Burstable" : "BestEffort";
    }

    /// <summary>What is missing in the requests is what the limits say.</summary>
    public static void RequestLimits(JsonNode? spec)
    {
        foreach (var container in spec.Objects("initContainers").Concat(spec.Objects("containers")))
        {
            if (container.Object("resources", "limits") is { } limits)
            {
                var requests = container["resources"]!.AsObject().Ensure("requests");
                foreach (var (resource, limit) in limits)
                {
                    requests.Default(resource, limit!.DeepClone());
                }
            }
        }
    }

    private static void Container(JsonObject container, bool hostNetwork)
    {
        container.Default("terminationMessagePath", "/dev/termination-log");
        container.Default("terminationMessagePolicy", "File");
        container.Default("imagePullPolicy", PullPolicy(container.Text("image") ?? ""));
        container.Ensure("resources");
        foreach (var port in container.Objects("ports"))
        {
            port.Default("protocol", "TCP");
            if (hostNetwork && port["containerPort"] is { } number)
            {
                port.Default("hostPort", number.DeepClone());
            }
        }

        foreach (var variable in container.Objects("env"))
        {
            variable.Object("valueFrom", "fieldRef")?.Default("apiVersion", "v1");
            variable.Object("valueFrom", "resourceFieldRef")?.Default("divisor", "0");
        }

        foreach (var name in new[] { "livenessProbe", "readinessProbe", "startupProbe" })
        {
            if (container.Object(name) is { } probe)
            {
                probe.Default("timeoutSeconds", 1);
                probe.Default("periodSeconds", 10);
                probe.Default("successThreshold", 1);
                probe.Default("failureThreshold", 3);
                Call(probe);
            }
        }

        foreach (var name in new[] { "postStart", "preStop" })
        {
            Call(container.Object("lifecycle", name));
        }
    }

    private static void Call(JsonObject? handler)
    {
        handler.Object("httpGet")?.Default("scheme", "HTTP");
        handler.Object("httpGet")?.Default("path", "/");
    }

    private static string PullPolicy(string image)
    {
        var name = image[(image.LastIndexOf('/') + 1)..];
        var pinned = name.Contains('@', StringComparison.Ordinal)
            || (name.Contains(':', StringComparison.Ordinal) && !name.EndsWith(":latest", StringComparison.Ordinal));
        return pinned ? "IfNotPresent" : "Always";
    }
}
