using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

// What a Deployment says of itself.
internal sealed partial class DeploymentController
{
    private const string Done = "NewReplicaSetAvailable";
    private const string TimedOut = "ProgressDeadlineExceeded";

    /// <summary>Pausing and resuming start the deadline anew.</summary>
    private void NotePause(ref KubeObject deployment)
    {
        var reason = deployment.Json.Condition("Progressing").Text("reason");
        var paused = deployment.Json["spec"].Flag("paused");
        if (Deadline(deployment) is null || reason == TimedOut || paused == (reason == "DeploymentPaused"))
        {
            return;
        }

        deployment = Store.Update(deployment, json => SetProgress(
            json, null, paused ? "DeploymentPaused" : "DeploymentResumed", paused ? "Deployment is paused" : "Deployment is resumed"));
    }

    /// <param name="progress">Also whether the rollout gets on.</param>
    private void WriteStatus(KubeObject deployment, KubeObject? current, List<KubeObject> sets, bool progress)
    {
        deployment = Store.Get(Kinds.Deployment, deployment.Namespace, deployment.Name)!;
        current = sets.Find(set => set.Uid == current?.Uid);
        var replicas = Replicas(deployment);
        var available = sets.Sum(set => Status(set, "availableReplicas"));
        var now = new Counts(
            sets.Sum(set => Status(set, "replicas")),
            current is null ? 0 : Status(current, "replicas"),
            sets.Sum(set => Status(set, "readyReplicas")),
            available);
        var recreates = deployment.Json["spec"].Text("strategy", "type") == "Recreate";
        var enough = available >= replicas - (recreates ? 0 : RollingLimits.Of(deployment.Json, replicas).Unavailable);
        Store.Update(deployment, json =>
        {
            var status = json.Sub("status");
            status["observedGeneration"] = deployment.Metadata.Number("generation") ?? 1;
            Count(status, "replicas", now.Replicas);
            Count(status, "updatedReplicas", now.Updated);
            Count(status, "readyReplicas", now.Ready);
            Count(status, "availableReplicas", available);
            Count(status, "unavailableReplicas", Math.Max(0, sets.Sum(Replicas) - available));
            json.SetCondition(
                "Available",
                enough,
                Now,
                enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.");
            if (progress)
            {
                Progress(deployment, json, current, now, replicas);
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

    private void Progress(KubeObject deployment, JsonObject json, KubeObject? current, Counts now, int replicas)
    {
        var condition = deployment.Json.Condition("Progressing");
        var reason = condition.Text("reason");
        if (Deadline(deployment) is not { } deadline || (now.Replicas == now.Updated && reason == Done))
        {
            return;
        }

        var about = current is null ? $"Deployment \"{deployment.Name}\"" : $"ReplicaSet \"{current.Name}\"";
        if (now.Updated == replicas && now.Replicas == replicas && now.Available == replicas)
        {
            SetProgress(json, true, Done, $"{about} has successfully progressed.");
        }
        else if (condition is null || now.IsFurtherThan(Counts.Of(deployment)))
        {
            SetProgress(json, true, "ReplicaSetUpdated", $"{about} is progressing.");
            _queue.AddIn(ObjectKey.Of(deployment), deadline);
        }
        else if (reason != Done && reason != TimedOut)
        {
            var left = (condition.Time("lastUpdateTime") ?? Now) + deadline - Now;
            if (left <= TimeSpan.Zero)
            {
                SetProgress(json, false, TimedOut, $"{about} has timed out progressing.");
                return;
            }

            _queue.AddIn(ObjectKey.Of(deployment), left);
        }
    }

    private void SetProgress(JsonObject json, bool? progressing, string reason, string message)
    {
        json.SetCondition("Progressing", progressing, Now, reason, message);
        json.Condition("Progressing")!["lastUpdateTime"] = Timestamps.Seconds(Now);
    }

    /// <summary>Null: it may take for ever.</summary>
    private static TimeSpan? Deadline(KubeObject deployment) =>
        deployment.Json["spec"].Number("progressDeadlineSeconds") is > 0 and < int.MaxValue and { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>What tells whether a rollout gets on.</summary>
    private readonly record struct Counts(int Replicas, int Updated, int Ready, int Available)
    {
        public static Counts Of(KubeObject deployment) => new(
            Status(deployment, "replicas"),
            Status(deployment, "updatedReplicas"),
            Status(deployment, "readyReplicas"),
            Status(deployment, "availableReplicas"));

        public bool IsFurtherThan(Counts before) =>
            Updated > before.Updated
            || Replicas - Updated < before.Replicas - before.Updated
            || Ready > before.Ready
            || Available > before.Available;
    }
}
