using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Binding and eviction: the two ways of changing a pod that are more than a write.</summary>
public static class Pods
{
    // While a budget has not been counted since it was changed, it is asked again after this long.
    private const int StaleBudgetSeconds = 10;

    /// <summary>Binds a pod to a node, once and for all.</summary>
    /// <exception cref="ApiException">409 when the pod is bound already, is being deleted or is held back by gates.</exception>
    /// <param name="annotations">Of the binding: the pod takes them over.</param>
    public static KubeObject Bind(
        ObjectStore store, KubeObject pod, string node, bool dryRun = false, JsonObject? annotations = null)
    {
        lock (store.Agenda.Gate)
        {
            if (pod.Deleting)
            {
                throw ApiException.Conflict(
                    "pods/binding", pod.Name, $"pod {pod.Name} is being deleted, cannot be assigned to a host");
            }

            if (pod.NodeName.Length > 0)
            {
                throw ApiException.Conflict(
                    "pods/binding", pod.Name, $"pod {pod.Name} is already assigned to node \"{pod.NodeName}\"");
            }

            if (pod.Json.Array("spec", "schedulingGates") is { Count: > 0 })
            {
                throw ApiException.Conflict(
                    "pods/binding", pod.Name, $"pod {pod.Name} has non-empty .spec.schedulingGates");
            }

            return store.Update(
                pod,
                json =>
                {
                    json.Ensure("spec")["nodeName"] = node;
                    foreach (var (name, value) in annotations ?? [])
                    {
                        json["metadata"]!.AsObject().Ensure("annotations")[name] = value?.DeepClone();
                    }

                    SetCondition(json, "PodScheduled", "True", null, null, store.Agenda.Now);
                },
                dryRun);
        }
    }

    /// <summary>Deletes a pod as far as the budgets that cover it allow.</summary>
    /// <exception cref="ApiException">429 when a budget forbids it, 500 when more than one covers the pod.</exception>
    public static Deletion Evict(ObjectStore store, KubeObject pod, DeleteOptions options)
    {
        lock (store.Agenda.Gate)
        {
            if (!pod.Deleting && pod.Json.Text("status", "phase") is not ("Succeeded" or "Failed" or "Pending"))
            {
                TakeFromBudget(store, pod, options.DryRun);
            }

            // Only now, as the real server: what the budget gave is spent even when this refuses.
            Ending.CheckPreconditions(pod, options);
            if (!options.DryRun && !pod.Deleting)
            {
                pod = store.Update(pod, json => SetCondition(
                    json, "DisruptionTarget", "True", "EvictionByEvictionAPI", "Eviction API: evicting", store.Agenda.Now));
            }

            return store.Delete(Kinds.Pod, pod.Namespace, pod.Name, options with { ResourceVersion = null });
        }
    }

    /// <summary>Sets a condition; its transition time changes only when its status does.</summary>
    public static void SetCondition(
        JsonObject json, string type, string status, string? reason, string? message, DateTimeOffset now)
    {
        var conditions = json.Ensure("status").Array("conditions");
        if (conditions is null)
        {
            json["status"]!["conditions"] = conditions = [];
        }

        var found = conditions.OfType<JsonObject>().FirstOrDefault(c => c.Text("type") == type);
        if (found is null)
        {
            conditions.Add(found = new JsonObject { ["type"] = type });
        }

        if (found.Text("status") != status)
        {
            found["status"] = status;
            found["lastTransitionTime"] = Timestamps.Seconds(now);
        }

        Put("reason", reason);
        Put("message", message);

        void Put(string name, string? text)
        {
            if (text is null)
            {
                found.Remove(name);
            }
            else
            {
                found[name] = text;
            }
        }
    }

    private static void TakeFromBudget(ObjectStore store, KubeObject pod, bool dryRun)
    {
        var budgets = store.List(Kinds.PodDisruptionBudget, pod.Namespace)
            .Where(budget => LabelSelector.Of(budget.Json.At("spec", "selector")).Matches(pod)
                && budget.Json.Object("spec", "selector") is not null).ToList();
        if (budgets.Count == 0)
        {
            return;
        }

        if (budgets.Count > 1)
        {
            throw ApiException.Unforeseen(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
        }

        var found = budgets[0];
        if (MayGoUnhealthy(pod, found))
        {
            return;
        }

        var status = found.Json["status"];
        if ((status.Whole("observedGeneration") ?? 0) < (found.Metadata.Whole("generation") ?? 0))
        {
            throw Refused($"The disruption budget {found.Name} is still being processed by the server.", StaleBudgetSeconds);
        }

        var allowed = status.Whole("disruptionsAllowed") ?? 0;
        if (allowed <= 0)
        {
            throw Refused(
                $"The disruption budget {found.Name} needs {status.Whole("desiredHealthy") ?? 0} healthy pods and has " +
                $"{status.Whole("currentHealthy") ?? 0} currently",
                null);
        }

        store.Update(
            found,
            json =>
            {
                var counted = json.Ensure("status");
                counted["disruptionsAllowed"] = allowed - 1;
                counted.Ensure("disruptedPods")[pod.Name] = Timestamps.Seconds(store.Agenda.Now);
                if (allowed == 1)
                {
                    SetCondition(json, "DisruptionAllowed", "False", "InsufficientPods", "", store.Agenda.Now);
                }
            },
            dryRun);
    }

    /// <summary>A pod that is not ready may go when the budget says always, or else when the budget is met without it.</summary>
    private static bool MayGoUnhealthy(KubeObject pod, KubeObject budget)
    {
        var ready = pod.Json.Objects("status", "conditions")
            .Any(c => c.Text("type") == "Ready" && c.Text("status") == "True");
        if (ready)
        {
            return false;
        }

        var status = budget.Json["status"];
        return budget.Json.Text("spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow"
            || (status.Whole("currentHealthy") is > 0 and var healthy && healthy >= (status.Whole("desiredHealthy") ?? 0));
    }

    private static ApiException Refused(string why, int? retryAfter) => new(
        429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.")
    {
        Details = new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject { ["reason"] = "DisruptionBudget", ["message"] = why }),
        },
        RetryAfterSeconds = retryAfter,
    };
}
