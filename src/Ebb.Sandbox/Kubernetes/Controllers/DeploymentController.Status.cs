using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

// What a Deployment says of itself.
internal sealed partial class DeploymentController
{
    private void WriteStatus(KubeObject deployment, KubeObject? current, List<KubeObject> sets)
    {
        sets = [.. sets.Select(set => Store.Get(Kinds.ReplicaSet, set.Namespace, set.Name)).OfType<KubeObject>()];
        var replicas = Replicas(deployment);
        var total = sets.Sum(set => Status(set, "replicas"));
        var available = sets.Sum(set => Status(set, "availableReplicas"));
        var updated = current is null ? 0 : Status(current, "replicas");
        var enough = available >= replicas - RollingLimits.Of(deployment.Json, replicas).Unavailable;
        var done = current is not null && updated == replicas && total == replicas && available == replicas
            && Status(current, "availableReplicas") == replicas;
        Progress(deployment, current, available, updated, done, out var reason, out var message, out var progressing);
        Store.Update(deployment, json =>
        {
            var status = json.Sub("status");
            status["observedGeneration"] = deployment.Metadata.Number("generation") ?? 1;
            Count(status, "replicas", total);
            Count(status, "updatedReplicas", updated);
            Count(status, "readyReplicas", sets.Sum(set => Status(set, "readyReplicas")));
            Count(status, "availableReplicas", available);
            Count(status, "unavailableReplicas", Math.Max(0, Math.Max(total, replicas) - available));
            json.SetCondition(
                "Available",
                enough,
                Now,
                enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.");
            var before = json.Condition("Progressing").Text("reason");
            json.SetCondition("Progressing", progressing, Now, reason, message);
            if (before != reason || json.Condition("Progressing")!["lastUpdateTime"] is null || Moved(deployment, total, updated, available))
            {
                json.Condition("Progressing")!["lastUpdateTime"] = Timestamps.Seconds(Now);
            }
        });

        static void Count(JsonObject status, string name, int count)
        {
            if (count == 0)
            {
                status.Remove(name);
            }
            else
            {
                status[name] = count;
            }
        }
    }

    private static bool Moved(KubeObject deployment, int total, int updated, int available) =>
        Status(deployment, "replicas") != total
        || Status(deployment, "updatedReplicas") != updated
        || Status(deployment, "availableReplicas") != available;

    private void Progress(
        KubeObject deployment,
        KubeObject? current,
        int available,
        int updated,
        bool done,
        out string reason,
        out string message,
        out bool progressing)
    {
        var about = current is null ? "Deployment" : $"ReplicaSet \"{current.Name}\"";
        progressing = true;
        if (done)
        {
            (reason, message) = ("NewReplicaSetAvailable", $"{about} has successfully progressed.");
            return;
        }

        (reason, message) = ("ReplicaSetUpdated", $"{about} is progressing.");
        var condition = deployment.Json.Condition("Progressing");
        var seconds = deployment.Json["spec"].Number("progressDeadlineSeconds") ?? 600;
        if (condition is null || seconds is <= 0 or >= int.MaxValue)
        {
            return;
        }

        if (condition.Text("reason") is "NewReplicaSetAvailable" or "ProgressDeadlineExceeded"
            && !Moved(deployment, Status(deployment, "replicas"), updated, available))
        {
            // A verdict stays until there is something new.
            (reason, message) = (condition.Text("reason")!, condition.Text("message") ?? "");
            progressing = condition.Text("status") == "True";
            return;
        }

        var left = (condition.Time("lastUpdateTime") ?? Now) + TimeSpan.FromSeconds(seconds) - Now;
        if (left > TimeSpan.Zero)
        {
            _queue.AddIn(ObjectKey.Of(deployment), left);
        }
        else
        {
            (reason, message) = ("ProgressDeadlineExceeded", $"{about} has timed out progressing.");
            progressing = false;
        }
    }
}
