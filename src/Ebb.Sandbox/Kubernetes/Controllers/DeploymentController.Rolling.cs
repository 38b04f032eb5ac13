using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

// From one ReplicaSet to the next.
internal sealed partial class DeploymentController
{
    private void Recreate(KubeObject deployment, List<KubeObject> sets)
    {
        var current = BringUp(ref deployment, sets, create: false);
        var old = Others(sets, current);
        if (old.Exists(set => Replicas(set) > 0))
        {
            old.ForEach(set => Scale(deployment, set, 0));
        }
        else if (old.TrueForAll(set => !Store.PodsOf(set).Any(pod => !PodView.Of(pod).Finished)))
        {
            current ??= BringUp(ref deployment, sets, create: true);
            if (current is not null)
            {
                Scale(deployment, current, Replicas(deployment));
            }
        }

        Finish(deployment, current);
    }

    private void Roll(KubeObject deployment, List<KubeObject> sets)
    {
        if (BringUp(ref deployment, sets, create: true) is not { } current)
        {
            return;
        }

        sets = Sets(deployment);
        var grown = Replicas(current) > Replicas(deployment) ? Replicas(deployment) : RoomFor(deployment, sets, Replicas(current));
        if (grown != Replicas(current))
        {
            // The change brings us back here, and then the old ones may shrink.
            Scale(deployment, current, grown);
        }
        else
        {
            Shrink(deployment, current, Others(sets, current));
        }

        Finish(deployment, current);
    }

    /// <summary>How large the newest ReplicaSet may be beside the others.</summary>
    private static int RoomFor(KubeObject deployment, List<KubeObject> sets, int has)
    {
        var replicas = Replicas(deployment);
        if (deployment.Json["spec"].Text("strategy", "type") == "Recreate")
        {
            return replicas;
        }

        var room = replicas + RollingLimits.Of(deployment.Json, replicas).Surge - sets.Sum(Replicas);
        return room <= 0 ? has : has + Math.Max(0, Math.Min(room, replicas - has));
    }

    /// <summary>Takes down old pods: unhealthy ones freely, healthy ones while enough stay available.</summary>
    private void Shrink(KubeObject deployment, KubeObject current, List<KubeObject> old)
    {
        if (old.Sum(Replicas) == 0)
        {
            return;
        }

        var replicas = Replicas(deployment);
        var minAvailable = replicas - RollingLimits.Of(deployment.Json, replicas).Unavailable;
        var spare = old.Sum(Replicas) + Replicas(current) - minAvailable - (Replicas(current) - Available(current));
        if (spare <= 0)
        {
            return;
        }

        var sizes = old.ToDictionary(set => set.Name, Replicas, StringComparer.Ordinal);
        foreach (var set in old)
        {
            var unhealthy = Math.Min(spare, Replicas(set) - Available(set));
            if (unhealthy > 0)
            {
                sizes[set.Name] -= unhealthy;
                spare -= unhealthy;
                Scale(deployment, set, sizes[set.Name]);
            }
        }

        spare = old.Sum(Available) + Available(current) - minAvailable;
        foreach (var set in old)
        {
            var down = Math.Min(spare, sizes[set.Name]);
            if (down > 0)
            {
                spare -= down;
                Scale(deployment, set, sizes[set.Name] - down);
            }
        }
    }

    // A ReplicaSet that has just been made smaller may still tell of pods that are going.
    private static int Available(KubeObject set) => Math.Min(Replicas(set), Status(set, "availableReplicas"));

    private void Finish(KubeObject deployment, KubeObject? current)
    {
        var sets = Sets(deployment);
        current = current is null ? null : sets.Find(set => set.Uid == current.Uid);
        var replicas = Replicas(deployment);
        var status = deployment.Json["status"];
        if ((status.Number("updatedReplicas") ?? 0) == replicas
            && (status.Number("replicas") ?? 0) == replicas
            && (status.Number("availableReplicas") ?? 0) == replicas
            && status.Number("observedGeneration") >= deployment.Metadata.Number("generation"))
        {
            Prune(deployment, current, sets);
            sets = Sets(deployment);
        }

        WriteStatus(deployment, current, sets, progress: true);
    }
}
