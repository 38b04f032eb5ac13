using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Cli.Clusters.Provisioned.Rollout;

/// <summary>
/// Addresses of pods and Services, which a cluster has for life: nodes and Services keep those that they were given, and servers that
/// start with other ranges serve neither the old nor the new (https://docs.k3s.io/cli/server, networking).
/// </summary>
internal static class LastingRanges
{
    private const string K3sConfig = "/etc/rancher/k3s/config.yaml";

    // As the file calls it, as k3s does, and as the configuration of a control plane of plain Kubernetes does.
    private static readonly (string Key, string InK3s, string InKubernetes)[] Ranges =
    [
        ("network.podRange", "cluster-cidr", "podRange"),
        ("network.serviceRange", "service-cidr", "serviceRange"),
    ];

    /// <returns>For each range that is another one now, what cannot be.</returns>
    public static IEnumerable<ClusterChange> Changes(ControlPlaneOrders before, ControlPlaneOrders after, string resourceGroup) =>
        from range in Ranges
        let was = Of(before, range.InK3s, range.InKubernetes)
        let now = Of(after, range.InK3s, range.InKubernetes)
        where was is not null && now is not null && was != now
        select new ClusterChange(ChangeAction.Impossible, resourceGroup, ControlPlanePlanner.Type, range.Key, "")
        {
            Means = $"cannot become {now}: nodes and Services have their addresses of {was} for as long as the cluster lives",
        };

    private static string? Of(ControlPlaneOrders orders, string inK3s, string inKubernetes) =>
        (string?)orders.Configuration["kubernetes"]?[inKubernetes]
        ?? orders.Texts.FirstOrDefault(text => text.To == K3sConfig)?.Content.Split('\n')
            .Where(line => line.StartsWith(inK3s + ": ", StringComparison.Ordinal)).Select(line => line[(inK3s.Length + 2)..]).FirstOrDefault();
}
