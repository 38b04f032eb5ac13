using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Definition;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

public sealed class RealSandboxFitTests
{
    [Fact]
    public void More_machines_than_the_host_has_room_for_are_told_of_with_what_to_do()
    {
        var note = Assert.Single(RealSandboxFit.Notes(File("{max: 5}", shares: "[]"), room: 8));

        Assert.Equal(
            "Pools may grow to 10 machines, and this host has room for 8: those beyond do not boot. Lower 'max' of the pools, or make room: sysctl fs.inotify.max_user_instances=152.",
            note);
        Assert.Empty(RealSandboxFit.Notes(File("{max: 5}", shares: "[]"), room: 10));
    }

    [Fact]
    public void More_machines_than_the_host_has_room_for_from_the_start_are_refused()
    {
        var file = File("{min: 4, max: 5}");

        var refused = Assert.Throws<EbbException>(() => RealSandboxFit.Require(file, "farm.yaml", room: 7));

        Assert.Equal(
            "farm.yaml asks for 8 machines from the start, and this host has room for 7. Lower 'min' or 'keepWarm' of its pools, or make room: sysctl fs.inotify.max_user_instances=128.",
            refused.Message);
        RealSandboxFit.Require(file, "farm.yaml", room: 8);
    }

    [Fact]
    public void Shares_are_named_since_they_are_not_mounted()
    {
        var note = Assert.Single(RealSandboxFit.Notes(File("{max: 1}", shares: "[{name: srv}, {name: scenes, mountAt: /scenes}]"), room: 8));

        Assert.StartsWith("Not mounted on machines here: share 'srv' at /srv, share 'scenes' at /scenes.", note);
    }

    [Theory]
    [InlineData("sandbox", "k3s", "distribution: kubelet")]
    [InlineData("https://management.chinacloudapi.cn", "k3s", "your own subscription")]
    public void What_runs_elsewhere_or_by_k3s_is_refused(string endpoint, string distribution, string why)
    {
        var refused = Assert.Throws<EbbException>(() => RealSandboxFit.Require(File("{max: 1}", endpoint: endpoint, distribution: distribution), "farm.yaml", room: 8));

        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    /// <summary>With two pools of the same limits.</summary>
    private static ClusterFile File(string limits, string shares = "[]", string endpoint = "sandbox", string distribution = "kubelet") => ClusterFileReader.Parse(
        $$"""
        name: farm
        cloud: {provider: azure, region: eastus, endpoint: "{{endpoint}}"}
        kubernetes: {distribution: {{distribution}}}
        pools:
          - {name: one, size: Standard_D4s_v5, {{limits[1..]}}
          - {name: two, size: Standard_D4s_v5, {{limits[1..]}}
        storage: {shares: {{shares}}}
        """,
        "ebb.yaml",
        _ => null);
}
