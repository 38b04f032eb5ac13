using System.Globalization;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

// What becomes of the ReplicaSets when the Deployment's own size changes, in the middle of a rolling update too.
internal sealed partial class DeploymentController
{
    private static bool IsBeingScaled(KubeObject deployment, List<KubeObject> sets) => sets.Exists(set =>
        Replicas(set) > 0
        && int.TryParse(set.Metadata.At("annotations").Text(Desired), CultureInfo.InvariantCulture, out var size)
        && size != Replicas(deployment));

    private void Rescale(KubeObject deployment, KubeObject? current, List<KubeObject> sets)
    {
        var replicas = Replicas(deployment);
        var active = sets.Where(set => Replicas(set) > 0).ToList();
        if (active.Count <= 1)
        {
            if ((active.FirstOrDefault() ?? current ?? sets.LastOrDefault()) is { } only)
            {
                Scale(deployment, only, replicas);
            }

            return;
        }

        if (current is not null && IsSaturated(current, replicas))
        {
            Others(active, current).ForEach(set => Scale(deployment, set, 0));
            return;
        }

        if (deployment.Json["spec"].Text("strategy", "type") != "Recreate")
        {
            Share(deployment, active, replicas);
        }
    }

    private static bool IsSaturated(KubeObject current, int replicas) =>
        Replicas(current) == replicas
        && Status(current, "availableReplicas") == replicas
        && current.Metadata.At("annotations").Text(Desired) == replicas.ToString(CultureInfo.InvariantCulture);

    /// <summary>Each grows or shrinks by its share; the largest bears what rounding leaves over.</summary>
    private void Share(KubeObject deployment, List<KubeObject> active, int replicas)
    {
        var limit = replicas > 0 ? replicas + RollingLimits.Of(deployment.Json, replicas).Surge : 0;
        var change = limit - active.Sum(Replicas);
        var order = change >= 0
            ? active.OrderByDescending(Replicas).ThenByDescending(Age).ThenByDescending(RevisionOf).ToList()
            : active.OrderByDescending(Replicas).ThenBy(Age).ThenBy(RevisionOf).ToList();
        var given = 0;
        var sizes = order.ConvertAll(set =>
        {
            var part = change == given ? 0 : Part(deployment, set, replicas);
            part = change > 0 ? Math.Min(part, change - given) : change < 0 ? Math.Max(part, change - given) : 0;
            given += part;
            return Replicas(set) + part;
        });
        sizes[0] = Math.Max(0, sizes[0] + change - given);
        for (var i = 0; i < order.Count; i++)
        {
            Scale(deployment, order[i], sizes[i], noteSize: true);
        }

        static DateTimeOffset Age(KubeObject set) => set.Metadata.Time("creationTimestamp") ?? default;
    }

    private static int Part(KubeObject deployment, KubeObject set, int replicas)
    {
        var has = Replicas(set);
        if (replicas == 0)
        {
            return -has;
        }

        var most = replicas + RollingLimits.Of(deployment.Json, replicas).Surge;
        var before = int.TryParse(set.Metadata.At("annotations").Text(Maximum), CultureInfo.InvariantCulture, out var noted)
            ? noted
            : Status(deployment, "replicas");
        return before == 0 ? 0 : (int)Math.Round((double)has * most / before, MidpointRounding.AwayFromZero) - has;
    }

    /// <param name="noteSize">Also when it keeps its size: the next look must not take this for a change of the Deployment.</param>
    private void Scale(KubeObject deployment, KubeObject set, int replicas, bool noteSize = false)
    {
        set = Store.Get(Kinds.ReplicaSet, set.Namespace, set.Name)!;
        var before = Replicas(set);
        if (before == replicas && !noteSize)
        {
            return;
        }

        Store.Update(set, json =>
        {
            json.Sub("spec")["replicas"] = replicas;
            NoteSize(json["metadata"]!.AsObject(), deployment);
        });
        if (before != replicas)
        {
            TellScaled(deployment, set, before, replicas);
        }
    }

    private void TellScaled(KubeObject deployment, KubeObject set, int before, int replicas) => _context.Events.Normal(
        deployment,
        Component,
        "ScalingReplicaSet",
        $"Scaled {(replicas > before ? "up" : "down")} replica set {set.Name} from {before} to {replicas}");
}
