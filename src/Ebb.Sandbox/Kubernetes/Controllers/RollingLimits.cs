using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>How far a rolling update may go above and below the wanted count.</summary>
internal readonly record struct RollingLimits(int Surge, int Unavailable)
{
    public static RollingLimits Of(JsonNode deployment, int replicas)
    {
        var strategy = deployment["spec"].At("strategy");
        if (strategy.Text("type") == "Recreate")
        {
            return new RollingLimits(0, replicas);
        }

        var rolling = strategy.At("rollingUpdate");
        var surge = rolling.At("maxSurge").CountOrPercent(replicas, roundUp: true) ?? Quarter(replicas, up: true);
        var unavailable = rolling.At("maxUnavailable").CountOrPercent(replicas, roundUp: false) ?? Quarter(replicas, up: false);

        // Both zero (small percentages round to that) would never get anywhere.
        return new RollingLimits(surge, surge == 0 && unavailable == 0 ? 1 : Math.Min(unavailable, replicas));
    }

    private static int Quarter(int replicas, bool up) => up ? (replicas + 3) / 4 : replicas / 4;
}
