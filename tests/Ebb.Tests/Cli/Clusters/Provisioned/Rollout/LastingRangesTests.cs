using System.Net;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Tests.Cli.Provisioning.Orders;
using Ebb.Tests.Cli.Provisioning.Rendered;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Rollout;

public class LastingRangesTests
{
    [Theory]
    [InlineData("k3s")]
    [InlineData("kubelet")]
    public void A_cluster_keeps_the_ranges_that_it_was_born_with(string name)
    {
        var distribution = Enum.Parse<Distribution>(name, ignoreCase: true);
        var before = Orders(distribution, network => network);
        var other = Orders(distribution, network => network with { PodRange = IPNetwork.Parse("10.60.0.0/16"), ServiceRange = IPNetwork.Parse("10.61.0.0/16") });

        var changes = LastingRanges.Changes(before, other, "farm").ToList();

        Assert.Empty(LastingRanges.Changes(before, before, "farm"));
        Assert.Equal(["network.podRange", "network.serviceRange"], changes.Select(change => change.Name));
        Assert.All(changes, change => Assert.Equal(ChangeAction.Impossible, change.Action));
        Assert.Equal("cannot become 10.60.0.0/16: nodes and Services have their addresses of 10.42.0.0/16 for as long as the cluster lives", changes[0].Means);
    }

    private static ControlPlaneOrders Orders(Distribution distribution, Func<NetworkDefinition, NetworkDefinition> change)
    {
        var (cluster, inputs) = RenderLab.Of("minimal");
        cluster = cluster with { Cloud = cluster.Cloud with { Endpoint = CloudDefinition.Sandbox }, Network = change(cluster.Network), Kubernetes = cluster.Kubernetes with { Distribution = distribution } };
        return Some.Orders(cluster, inputs, distribution is Distribution.K3s ? "v1.33.3+k3s1" : null, seed: "same");
    }
}
