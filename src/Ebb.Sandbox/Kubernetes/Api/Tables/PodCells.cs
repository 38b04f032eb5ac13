using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api.Tables;

/// <summary>What kubectl shows of a pod.</summary>
internal static class PodCells
{
    public static string Ready(JsonObject pod)
    {
        var sidecars = Sidecars(pod);
        var total = (pod.Array("spec", "containers")?.Count ?? 0) + sidecars.Count;
        var ready = pod.Objects("status", "containerStatuses").Count(IsReady)
            + pod.Objects("status", "initContainerStatuses")
                .Count(status => sidecars.Contains(status.Text("name") ?? "") && IsReady(status));
        return $"{ready}/{total}";

        static bool IsReady(JsonObject status) => status.IsTrue("ready");
    }

    public static string Status(JsonObject pod)
    {
        var phase = pod.Text("status", "phase") ?? "Unknown";
        var reason = pod.Text("status", "reason") ?? phase;
        if (Condition(pod, "PodScheduled").Text("reason") == "SchedulingGated")
        {
            reason = "SchedulingGated";
        }

        var initializing = Initializing(pod);
        reason = initializing ?? FromContainers(pod, reason);
        if (pod.Text("metadata", "deletionTimestamp") is not null)
        {
            return pod.Text("status", "reason") == "NodeLost" ? "Unknown"
                : phase is "Succeeded" or "Failed" ? reason : "Terminating";
        }

        return reason;
    }

    public static string Restarts(JsonObject pod, DateTimeOffset now)
    {
        long restarts = 0;
        DateTimeOffset? last = null;
        foreach (var status in pod.Objects("status", "containerStatuses"))
        {
            restarts += status.Whole("restartCount") ?? 0;
            var finished = Timestamps.Parse(status.Text("lastState", "terminated", "finishedAt"));
            last = finished > last || last is null ? finished ?? last : last;
        }

        return restarts > 0 && last is { } at ? $"{restarts} ({Ages.Of(now - at)} ago)" : restarts.ToString();
    }

    public static string Gates(JsonObject pod)
    {
        var gates = pod.Objects("spec", "readinessGates").ToList();
        var met = gates.Count(gate => Condition(pod, gate.Text("conditionType") ?? "").Text("status") == "True");
        return gates.Count == 0 ? "<none>" : $"{met}/{gates.Count}";
    }

    private static JsonObject? Condition(JsonObject pod, string type) =>
        pod.Objects("status", "conditions").FirstOrDefault(condition => condition.Text("type") == type);

    private static HashSet<string> Sidecars(JsonObject pod) => pod.Objects("spec", "initContainers")
        .Where(container => container.Text("restartPolicy") == "Always")
        .Select(container => container.Text("name") ?? "").ToHashSet();

    private static string? Initializing(JsonObject pod)
    {
        var sidecars = Sidecars(pod);
        var statuses = pod.Objects("status", "initContainerStatuses").ToList();
        for (var i = 0; i < statuses.Count; i++)
        {
            var status = statuses[i];
            var ended = status.Object("state", "terminated");
            if (ended is not null && ended.Whole("exitCode") == 0)
            {
                continue;
            }

            if (sidecars.Contains(status.Text("name") ?? "") && status.IsTrue("started"))
            {
                continue;
            }

            if (ended is not null)
            {
                return "Init:" + Ended(ended);
            }

            var waiting = status.Text("state", "waiting", "reason");
            return waiting is not (null or "" or "PodInitializing")
                ? "Init:" + waiting : $"Init:{i}/{pod.Array("spec", "initContainers")?.Count ?? 0}";
        }

        return null;
    }

    private static string FromContainers(JsonObject pod, string reason)
    {
        var running = false;
        foreach (var status in pod.Objects("status", "containerStatuses").Reverse())
        {
            if (status.Text("state", "waiting", "reason") is { Length: > 0 } waiting)
            {
                reason = waiting;
            }
            else if (status.Object("state", "terminated") is { } ended)
            {
                reason = Ended(ended);
            }
            else if (status.IsTrue("ready") && status.Object("state", "running") is not null)
            {
                running = true;
            }
        }

        return reason == "Completed" && running
            ? Condition(pod, "Ready").Text("status") == "True" ? "Running" : "NotReady"
            : reason;
    }

    private static string Ended(JsonObject terminated) =>
        terminated.Text("reason") is { Length: > 0 } reason ? reason
        : terminated.Whole("signal") is > 0 and var signal ? $"Signal:{signal}"
        : $"ExitCode:{terminated.Whole("exitCode") ?? 0}";
}
