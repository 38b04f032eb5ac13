using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Clusters.Provisioned.Upgrading;
using Ebb.Cli.Definition;
using Ebb.Tests.Cli.Provisioning.Orders;
using Ebb.Tests.Cli.Provisioning.Rendered;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Upgrading;

public class UpgradeRulesTests
{
    [Theory]
    [InlineData("v1.33.5+k3s1", "v1.33.4+k3s1 v1.33.4+k3s1", "v1.31.1+k3s1")]
    [InlineData("v1.34.0+k3s1", "v1.33.4+k3s1", "v1.31.1+k3s1")]
    [InlineData("v1.34.0+k3s1", "v1.34.0+k3s1 v1.33.4+k3s1", "v1.33.4+k3s1")]
    [InlineData("v1.34.0+k3s1", "v1.34.0+k3s1", "v1.33.4+k3s1")]
    public void What_Kubernetes_allows_is_allowed(string wanted, string controlPlane, string kubelet) =>
        Assert.Null(Problem(wanted, controlPlane, kubelet));

    [Theory]
    [InlineData("v1.33.3+k3s1", "v1.33.4+k3s1", "v1.33.4+k3s1", "no way back", "version: v1.33.4+k3s1")]
    [InlineData("v1.33.4+k3s1", "v1.33.4+k3s1 v1.34.0+k3s1", "v1.33.4+k3s1", "no way back", "v1.34.0+k3s1")]
    [InlineData("v1.35.0+k3s1", "v1.33.4+k3s1", "v1.33.4+k3s1", "no minor release may be left out", "Take v1.34.9+k3s1 first")]
    [InlineData("v1.35.0+k3s1", "v1.34.0+k3s1 v1.33.4+k3s1", "v1.33.4+k3s1", "no minor release may be left out", "v1.34.9+k3s1")]
    [InlineData("v1.34.0+k3s1", "v1.33.4+k3s1", "v1.30.1+k3s1", "Node n0 is of v1.30.1+k3s1", "'ebb upgrade --to v1.33.4+k3s1 -f x.yaml'")]
    [InlineData("v1.27.0+k3s1", "v1.26.1+k3s1", "v1.24.1+k3s1", "more than 2 minor releases behind", "--to v1.26.1+k3s1")]
    [InlineData("v1.34.0+k3s1", "v1.33.4+k3s1 ?", "v1.33.4+k3s1", "m1 has not reported", "'ebb up -f x.yaml'")]
    public void What_Kubernetes_does_not_allow_is_refused_with_the_way_out(string wanted, string controlPlane, string kubelet, string why, string remedy)
    {
        var problem = Problem(wanted, controlPlane, kubelet);

        Assert.Contains(why, problem, StringComparison.Ordinal);
        Assert.Contains(remedy, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v1.20.15+k3s1", false, "v1.20.15+k3s1 is older than Ebb supports. Take v1.21.0+k3s1 or newer.")]
    [InlineData("v1.21.0+k3s1", false, null)]
    [InlineData("v1.34.5+k3s1", true, "'options.containerRuntime': with cri-o, pods of k3s v1.34.5+k3s1 never start: a network plugin that it brings crashes there. Write v1.34.6+k3s1 or newer, or 'containerRuntime: containerd'.")]
    [InlineData("v1.34.6+k3s1", true, null)]
    [InlineData("v1.34.5+k3s1", false, null)]
    public void What_a_file_may_not_say_an_upgrade_does_not_bring_either(string release, bool criO, string? problem) =>
        Assert.Equal(problem, WantedRelease.Problem(K3sRelease.Parse(release)!.Value, criO ? ContainerRuntime.CriO : ContainerRuntime.Containerd));

    [Fact]
    public void A_control_plane_that_is_not_whole_is_left_alone_unless_forced()
    {
        var ground = Ground("v1.33.4+k3s1", "v1.33.4+k3s1") with { NotReady = ["m0"] };
        var wanted = K3sRelease.Parse("v1.34.0+k3s1")!.Value;

        Assert.Contains("--force", UpgradeRules.Problem(wanted, ground, null, "", force: false), StringComparison.Ordinal);
        Assert.Null(UpgradeRules.Problem(wanted, ground, null, "", force: true));
    }

    [Fact]
    public void Machines_without_a_way_outside_need_the_files_of_the_release()
    {
        var (cluster, inputs) = RenderLab.Of("air-gapped");
        var before = Some.Orders(cluster, inputs, "v1.33.3+k3s1");

        var problem = UpgradeRules.FilesProblem(before, Some.Orders(cluster, inputs, "v1.34.5+k3s1"), "farm.yaml");

        Assert.Contains("is still that of v1.33.3+k3s1. Put 'k3s' and its images of v1.34.5+k3s1 there ('airgap' beside farm.yaml, or EBB_", problem, StringComparison.Ordinal);
        var newer = inputs with { AirGapHashes = inputs.AirGapHashes.SetItem("k3s", new string('f', 64)) };
        Assert.Null(UpgradeRules.FilesProblem(before, Some.Orders(cluster, newer, "v1.34.5+k3s1"), "farm.yaml"));
        Assert.Null(UpgradeRules.FilesProblem(before, before, "farm.yaml"));
        Assert.Null(UpgradeRules.FilesProblem(null, before, "farm.yaml"));
    }

    private static string? Problem(string wanted, string controlPlane, string kubelet) =>
        UpgradeRules.Problem(K3sRelease.Parse(wanted)!.Value, Ground(controlPlane, kubelet), "v1.34.9+k3s1", " -f x.yaml", force: false);

    private static UpgradeGround Ground(string controlPlane, string kubelet) => new(
        [.. controlPlane.Split(' ').Select((release, i) => ($"m{i}", K3sRelease.Parse(release)))], [], [("n0", K3sRelease.Parse(kubelet)!.Value)]);
}
