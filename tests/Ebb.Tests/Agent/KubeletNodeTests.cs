using System.Net;
using System.Text.Json;
using Ebb.Agent;
using Ebb.Agent.Distributions;

namespace Ebb.Tests.Agent;

public sealed class KubeletNodeTests : IDisposable
{
    private readonly MachineLab _lab = new();

    [Fact]
    public async Task A_machine_gets_what_a_kubelet_needs_and_only_the_token_is_kept_from_others()
    {
        Release("v1.20.2");

        await Node().StartAsync(MachineLab.Granted(), TestContext.Current.CancellationToken);

        Assert.Equal(
            [
                "/etc/cni/net.d/10-ebb.conflist", "/etc/containerd/config.toml", "/etc/default/kubelet", "/etc/kubernetes/bootstrap-kubelet.conf",
                "/etc/kubernetes/pki/ca.crt", "/etc/systemd/system/kubelet.service", "/var/lib/kubelet/config.yaml",
            ],
            _lab.Files());
        Assert.Equal([KubeletNode.Bootstrap], _lab.Files().Where(file => _lab.Read(file).Contains("0123456789abcdef", StringComparison.Ordinal)));
        Assert.Equal(Machine.Secret, _lab.ModeOf(KubeletNode.Bootstrap));
        Assert.Equal(
            "EBB_NODE=--hostname-override=agents000000 --provider-id=azure:///subscriptions/s/resourceGroups/farm/providers/Microsoft.Compute/"
            + "virtualMachineScaleSets/agents/virtualMachines/0 --node-ip=10.1.1.4 --node-labels=ebb.dev/pool=agents,topology.kubernetes.io/region=eastus"
            + " --register-with-taints=dedicated=render:NoSchedule\n",
            _lab.Read("/etc/default/kubelet"));
        Assert.Equal(
            ["systemctl daemon-reload", "systemctl restart containerd.service", "systemctl restart --no-block kubelet.service"],
            _lab.Lines.Skip(1));
    }

    [Fact]
    public async Task A_kubelet_that_looks_at_its_node_often_does_not_write_it_as_often()
    {
        Release("v1.20.2");

        await Node().StartAsync(MachineLab.Granted(), TestContext.Current.CancellationToken);

        var lines = _lab.Read("/var/lib/kubelet/config.yaml").Split('\n');
        Assert.Contains("nodeStatusUpdateFrequency: 2s", lines);
        Assert.Contains("nodeStatusReportFrequency: 5m", lines);
    }

    [Theory]
    [InlineData("v1.20.2", true, false)]
    [InlineData("v1.24.0", false, false)]
    [InlineData("v1.34.1", false, true)]
    public async Task Each_release_is_told_what_it_knows(string release, bool runtimeFlag, bool failCgroup)
    {
        Release(release);

        await Node().StartAsync(MachineLab.Granted(), TestContext.Current.CancellationToken);

        Assert.Equal(runtimeFlag, _lab.Read("/etc/systemd/system/kubelet.service").Contains("--container-runtime=remote ", StringComparison.Ordinal));
        Assert.Equal(failCgroup, _lab.Read("/var/lib/kubelet/config.yaml").Contains("failCgroupV1: false", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_an_image_says_of_itself_goes_before_what_is_usual()
    {
        Release("v1.20.2");
        _lab.Put(ImageFacts.Path, """{"cgroupDriver":"cgroupfs","pauseImage":"ebb.local/pause:1","images":"/opt/images","restrictOomScore":true}""");
        _lab.Put("/opt/images/a.tar");
        _lab.Put("/opt/images/readme");
        _lab.Put("/etc/cni/net.d/10-mine.conflist", "mine");

        await Node().StartAsync(MachineLab.Granted(), TestContext.Current.CancellationToken);

        Assert.Contains("cgroupDriver: cgroupfs\n", _lab.Read("/var/lib/kubelet/config.yaml"));
        Assert.Contains("oomScoreAdj: 0\n", _lab.Read("/var/lib/kubelet/config.yaml"));
        Assert.Contains("sandbox_image = \"ebb.local/pause:1\"", _lab.Read("/etc/containerd/config.toml"));
        Assert.Contains("SystemdCgroup = false", _lab.Read("/etc/containerd/config.toml"));
        Assert.Single(_lab.Lines, line => line.StartsWith("ctr", StringComparison.Ordinal) && line.EndsWith("import /opt/images/a.tar", StringComparison.Ordinal));
        Assert.DoesNotContain("/etc/cni/net.d/10-ebb.conflist", _lab.Files());
    }

    [Fact]
    public async Task Pods_have_addresses_of_their_machine_s_own()
    {
        Release("v1.20.2");

        await Node().StartAsync(MachineLab.Granted(), TestContext.Current.CancellationToken);

        var network = JsonDocument.Parse(_lab.Read("/etc/cni/net.d/10-ebb.conflist")).RootElement;
        Assert.Equal("10.128.130.0/25", network.GetProperty("plugins")[0].GetProperty("ipam").GetProperty("ranges")[0][0].GetProperty("subnet").GetString());
    }

    [Fact]
    public async Task A_new_token_restarts_nothing_that_runs()
    {
        Release("v1.20.2");
        await Node().StartAsync(MachineLab.Granted(), TestContext.Current.CancellationToken);
        _lab.Put("/var/lib/kubelet/pki/kubelet-client-current.pem");
        _lab.Ran.Clear();

        await Node().StartAsync(MachineLab.Granted() with { Token = "fedcba.fedcba9876543210" }, TestContext.Current.CancellationToken);

        Assert.Contains("fedcba.fedcba9876543210", _lab.Read(KubeletNode.Bootstrap));
        Assert.Equal(
            ["systemctl daemon-reload", "systemctl start containerd.service", "systemctl start --no-block kubelet.service"],
            _lab.Lines.Skip(1));
    }

    [Fact]
    public async Task A_new_token_reaches_a_kubelet_that_still_asks_for_its_certificate()
    {
        Release("v1.20.2");
        await Node().StartAsync(MachineLab.Granted(), TestContext.Current.CancellationToken);
        _lab.Ran.Clear();

        await Node().StartAsync(MachineLab.Granted() with { Token = "fedcba.fedcba9876543210" }, TestContext.Current.CancellationToken);

        Assert.Equal("systemctl restart --no-block kubelet.service", _lab.Lines.Last());
    }

    [Fact]
    public async Task A_machine_without_a_kubelet_says_so()
    {
        _lab.Answers["/usr/local/bin/kubelet --version"] = new CommandResult(127, "No such file or directory");

        var failed = await Assert.ThrowsAsync<CommandException>(() => Node().StartAsync(MachineLab.Granted(), TestContext.Current.CancellationToken));

        Assert.Equal("'/usr/local/bin/kubelet --version' ended with 127: No such file or directory", failed.Message);
    }

    public void Dispose() => _lab.Dispose();

    private void Release(string release) => _lab.Answers["/usr/local/bin/kubelet --version"] = new CommandResult(0, $"Kubernetes {release}\n");

    private KubeletNode Node() => new(_lab.Machine, ImageFacts.Of(_lab.Machine), _ => Task.FromResult(IPAddress.Parse("10.1.1.4")));
}
