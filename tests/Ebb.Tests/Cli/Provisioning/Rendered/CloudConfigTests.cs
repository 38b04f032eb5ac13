using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.CloudInit;

namespace Ebb.Tests.Cli.Provisioning.Rendered;

public class CloudConfigTests
{
    [Fact]
    public void What_machines_are_told_fits_and_begins_as_cloud_init_wants_it()
    {
        var rendered = Renderer.Render(RenderLab.Minimal, RenderLab.Inputs);

        Assert.Equal(["agents", "control-plane"], rendered.CloudConfigs.Keys);
        Assert.All(rendered.CloudConfigs.Values, text =>
        {
            Assert.StartsWith("#cloud-config\n", text);
            Assert.True(CloudConfig.Encode(text, "them").Length <= 65_535);
        });
    }

    [Fact]
    public void Machines_of_the_plain_kubelet_have_nothing_of_k3s()
    {
        var kubelet = RenderLab.Minimal with
        {
            Cloud = RenderLab.Minimal.Cloud with { Endpoint = CloudDefinition.Sandbox },
            Kubernetes = new KubernetesDefinition { Distribution = Distribution.Kubelet },
        };

        var configs = Renderer.Render(kubelet, RenderLab.Inputs).CloudConfigs;
        var agents = configs["agents"];

        Assert.Contains("\"to\": \"/etc/kubernetes/pki/server-ca.crt\"", configs["control-plane"]);
        Assert.Contains("\"distribution\": \"kubelet\"", agents);
        Assert.DoesNotContain("k3s-killall", agents);
    }

    [Fact]
    public void The_machine_s_own_disk_is_set_up_where_its_size_has_one()
    {
        var without = RenderLab.Inputs with
        {
            Sizes = RenderLab.Inputs.Sizes.SetItem(RenderLab.Minimal.Pools[0].Size, SizeTraits.ByName(RenderLab.Minimal.Pools[0].Size) with { OwnDisk = false }),
        };

        Assert.Contains("ephemeral0", Renderer.Render(RenderLab.Minimal, RenderLab.Inputs).CloudConfigs["agents"]);
        var agents = Renderer.Render(RenderLab.Minimal, without).CloudConfigs["agents"];
        Assert.DoesNotContain("ephemeral0", agents);
        Assert.DoesNotContain("ebb-scratch", agents);
    }

    [Fact]
    public void What_is_too_large_is_compressed_and_what_is_too_large_even_then_is_refused_with_the_remedy()
    {
        var packed = CloudConfig.Encode("#cloud-config\n" + new string('#', 200_000), "agents");

        Assert.Equal([0x1f, 0x8b], packed[..2]);
        Assert.True(packed.Length < 65_535);
        var random = new Random(1);
        var error = Assert.Throws<EbbException>(() =>
            CloudConfig.Encode(string.Concat(Enumerable.Range(0, 40_000).Select(_ => $"{random.Next():x}")), "agents"));
        Assert.Contains("options.commands", error.Message);
    }
}
