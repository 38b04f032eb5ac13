using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Cli.Clusters;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.Provisioning;
using Ebb.Joining;
using Ebb.Tests.House;

namespace Ebb.Tests.Cli.Provisioning;

public class UserDataTests
{
    private static readonly NodeSetup Setup = new()
    {
        Server = new Uri("https://10.240.0.1:6443/"),
        AuthorityPem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        Token = new BootstrapToken("abcdef", "0123456789abcdef", DateTimeOffset.UnixEpoch),
        Kubernetes = new ReleaseVersion(1, 20, 2),
        Pool = "agents",
    };

    [Fact]
    public void The_user_data_of_an_old_release_is_as_approved()
    {
        var text = UserData.Compose(Setup with
        {
            Labels = ImmutableSortedDictionary<string, string>.Empty.Add("example.com/disk", "ssd"),
            Taints = ["example.com/gpu=yes:NoSchedule"],
            Runtime = new NodeRuntime { CgroupDriver = "cgroupfs", PauseImage = "ebb.local/pause:1", RestrictOomScore = true },
        });

        Approved.Same(text, "UserData.1.20.approved.yaml");
    }

    [Theory]
    [InlineData("1.20.2", true)]
    [InlineData("1.23.17", true)]
    [InlineData("1.24.0", false)]
    [InlineData("1.36.0", false)]
    public void A_kubelet_is_told_that_its_runtime_is_not_Docker_as_long_as_it_knows_the_flag(string release, bool told)
    {
        var unit = File("/etc/systemd/system/kubelet.service", Setup with { Kubernetes = ReleaseVersion.Find(release)!.Value });

        Assert.Equal(told, unit.Contains("--container-runtime=remote "));
        Assert.Contains("--container-runtime-endpoint=unix:///run/containerd/containerd.sock", unit);
    }

    [Fact]
    public void Releases_that_refuse_old_control_groups_are_told_not_to()
    {
        Assert.DoesNotContain("failCgroupV1", File("/var/lib/kubelet/config.yaml", Setup));
        Assert.Contains("failCgroupV1: false", File("/var/lib/kubelet/config.yaml", Setup with { Kubernetes = new ReleaseVersion(1, 35, 0) }));
    }

    [Fact]
    public void The_token_is_in_one_file_that_only_root_may_read()
    {
        var files = Files(Setup).Where(file => ((string)file!["content"]!).Contains("0123456789abcdef")).ToList();

        var file = Assert.Single(files);
        Assert.Equal(("/etc/kubernetes/bootstrap-kubelet.conf", "0600"), ((string?)file!["path"], (string?)file["permissions"]));
    }

    [Fact]
    public void User_data_that_the_cloud_would_not_take_is_refused_with_its_pool()
    {
        var labels = Enumerable.Range(0, 3000).ToImmutableSortedDictionary(n => $"example.com/label-{n}", _ => "a-value-of-some-length");

        var error = Assert.Throws<EbbException>(() => UserData.Compose(Setup with { Labels = labels }));

        Assert.Contains("'agents'", error.Message);
    }

    private static string File(string path, NodeSetup setup) =>
        (string)Files(setup).Single(file => (string?)file!["path"] == path)!["content"]!;

    private static JsonArray Files(NodeSetup setup) =>
        JsonSerializer.SerializeToNode(Yaml.ToJson(UserData.Compose(setup)))!["write_files"]!.AsArray();
}
