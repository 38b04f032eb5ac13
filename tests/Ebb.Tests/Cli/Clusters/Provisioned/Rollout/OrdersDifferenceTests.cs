using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Tests.Cli.Provisioning.Orders;
using Ebb.Tests.Cli.Provisioning.Rendered;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Rollout;

/// <summary>What a person is told that running control-plane machines will change about themselves.</summary>
public class OrdersDifferenceTests
{
    private const string Old = "v1.33.3+k3s1";

    private const string New = "v1.34.5+k3s1";

    [Fact]
    public void The_same_orders_differ_in_nothing() => Assert.Empty(OrdersDifference.Of(Orders(Old), Orders(Old)));

    [Theory]
    [InlineData(Old, New, $"release of Kubernetes: {Old} → {New}", "changed in place; Ebb's controller and k3s restart, machine by machine")]
    [InlineData(Old, null, $"release of Kubernetes: {Old} → that of the channel", "changed in place; Ebb's controller and k3s restart, machine by machine")]
    [InlineData(null, Old, $"release of Kubernetes: {Old}, as it runs", "changed in place; nothing restarts")]
    public void Another_release_is_told_with_the_one_before(string? before, string? after, string what, string means)
    {
        var change = Assert.Single(OrdersDifference.Of(Orders(before), Orders(after)));

        Assert.Equal((what, means), (change.What, change.Means()));
    }

    [Fact]
    public void Another_program_is_told_by_what_it_is_and_authorities_that_are_taken_once_are_not()
    {
        var (cluster, inputs) = RenderLab.Of("minimal");
        var other = inputs with { EbbHash = new string('f', 64), AgentHashes = inputs.AgentHashes.SetItem("amd64", new string('f', 64)) };

        var told = OrdersDifference.Of(Orders(Old), Some.Orders(cluster, other, Old, seed: "other")).ToDictionary(change => change.What, change => change.Means());

        Assert.Equal("changed in place; Ebb's controller restarts, machine by machine", told["program ebb"]);
        Assert.Equal("changed in place; nothing restarts", told["program ebb-agent, for machines that join"]);
        Assert.DoesNotContain("authorities of Kubernetes", told.Keys);
    }

    [Fact]
    public void What_is_written_and_what_is_no_longer_is_told_by_its_subject_and_the_rest_in_one_word()
    {
        var before = Orders(Old);
        var after = before with
        {
            Generation = "other",
            SshKeys = ["ssh-ed25519 AAAA other"],
            Texts =
            [
                .. before.Texts.Where(text => !text.To.StartsWith("/etc/rancher/k3s/", StringComparison.Ordinal)),
                new OrderedText("/var/lib/rancher/k3s/server/manifests/ebb-autoscaler.yaml", "0600", "x") { Restarts = [] },
                new OrderedText("/opt/odd", "0600", "x") { Restarts = [Restart.Ssh] },
            ],
        };

        var told = OrdersDifference.Of(before, after).ToDictionary(change => change.What, change => change.Means());

        Assert.Equal("changed in place; k3s restarts, machine by machine", told["configuration of k3s"]);
        Assert.Equal("changed in place; nothing restarts", told["add-on autoscaler"]);
        Assert.Equal("changed in place; SSH restarts, machine by machine", told["/opt/odd"]);
        Assert.Equal("changed in place; nothing restarts", told["SSH keys"]);
        Assert.Equal(4, told.Count);
    }

    [Fact]
    public void What_has_no_name_of_its_own_is_what_machines_know_of_the_cluster()
    {
        var before = Orders(Old);
        var configuration = before.Configuration.DeepClone().AsObject();
        configuration["odd"] = 1;

        var change = Assert.Single(OrdersDifference.Of(before, before with { Generation = "other", Configuration = configuration }));

        Assert.Equal("what machines know of the cluster", change.What);
    }

    private static ControlPlaneOrders Orders(string? release)
    {
        var (cluster, inputs) = RenderLab.Of("minimal");
        return Some.Orders(cluster, inputs, release);
    }
}
