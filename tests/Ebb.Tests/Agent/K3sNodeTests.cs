using System.Net;
using Ebb.Agent;
using Ebb.Agent.Distributions;

namespace Ebb.Tests.Agent;

/// <summary>What k3s' installer and k3s itself are given, to the letter.</summary>
public sealed class K3sNodeTests : IDisposable
{
    private readonly MachineLab _lab = new();

    [Fact]
    public async Task The_installer_lays_out_the_release_that_was_granted_and_the_agent_starts_it()
    {
        await Node().StartAsync(MachineLab.Granted("k3s"), TestContext.Current.CancellationToken);

        Assert.Equal(
            [
                "curl -fsSL --proto =https --retry 5 -o /var/lib/ebb/k3s-install.sh https://get.k3s.io",
                "INSTALL_K3S_SKIP_ENABLE=true INSTALL_K3S_VERSION=v1.31.5+k3s1 sh /var/lib/ebb/k3s-install.sh agent",
                "systemctl daemon-reload",
                "systemctl restart --no-block k3s-agent.service",
            ],
            _lab.Lines);
    }

    [Fact]
    public async Task Its_configuration_is_for_root_alone_and_says_who_the_node_is()
    {
        await Node().StartAsync(MachineLab.Granted("k3s"), TestContext.Current.CancellationToken);

        Assert.Equal(Machine.Secret, _lab.ModeOf(K3sNode.Configuration));
        Assert.Equal(
            """
            server: "https://10.1.0.10:6443"
            token: "K10abc::abcdef.0123456789abcdef"
            node-name: "agents000000"
            node-ip: "10.1.1.4"
            node-label:
              - "ebb.dev/pool=agents"
              - "topology.kubernetes.io/region=eastus"
            node-taint:
              - "dedicated=render:NoSchedule"
            kubelet-arg:
              - "provider-id=azure:///subscriptions/s/resourceGroups/farm/providers/Microsoft.Compute/virtualMachineScaleSets/agents/virtualMachines/0"

            """,
            _lab.Read(K3sNode.Configuration));
        Assert.Equal([K3sNode.Configuration], _lab.Files().Where(file => _lab.Read(file).Contains("abcdef", StringComparison.Ordinal)));
        Assert.DoesNotContain(_lab.Lines, line => line.Contains("abcdef", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_all_was_brought_along_nothing_is_downloaded()
    {
        _lab.Put(K3sNode.Installer);
        _lab.Put("/usr/local/bin/k3s");

        await Node().StartAsync(MachineLab.Granted("k3s"), TestContext.Current.CancellationToken);

        Assert.Equal(
            ["INSTALL_K3S_SKIP_DOWNLOAD=true INSTALL_K3S_SKIP_ENABLE=true sh /usr/local/lib/ebb/k3s-install.sh agent"],
            _lab.Lines.Where(line => !line.StartsWith("systemctl", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("k3s version v1.31.5+k3s1 (abc)\ngo version go1.22", 0)]
    [InlineData("k3s version v1.30.9+k3s1 (abc)", 2)]
    public async Task A_release_that_is_there_is_not_installed_again(string there, int commands)
    {
        _lab.Put("/usr/local/bin/k3s");
        _lab.Put("/etc/systemd/system/k3s-agent.service");
        _lab.Answers["/usr/local/bin/k3s --version"] = new CommandResult(0, there);

        await Node().StartAsync(MachineLab.Granted("k3s"), TestContext.Current.CancellationToken);

        Assert.Equal(commands, _lab.Lines.Count(line => line.StartsWith("curl", StringComparison.Ordinal) || line.Contains(" sh ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_runs_already_as_it_should_is_not_restarted()
    {
        _lab.Put(K3sNode.Installer);
        _lab.Put("/etc/systemd/system/k3s-agent.service");
        await Node().StartAsync(MachineLab.Granted("k3s"), TestContext.Current.CancellationToken);
        _lab.Ran.Clear();

        await Node().StartAsync(MachineLab.Granted("k3s"), TestContext.Current.CancellationToken);

        Assert.Equal(["systemctl daemon-reload", "systemctl start --no-block k3s-agent.service"], _lab.Lines);
    }

    [Fact]
    public async Task An_installer_that_fails_says_so_with_what_it_printed()
    {
        _lab.Put(K3sNode.Installer);
        _lab.Answers["sh /usr/local/lib/ebb/k3s-install.sh agent"] = new CommandResult(1, "[ERROR]  no k3s binary\n");

        var failed = await Assert.ThrowsAsync<CommandException>(() => Node().StartAsync(MachineLab.Granted("k3s"), TestContext.Current.CancellationToken));

        Assert.EndsWith("agent' ended with 1: [ERROR]  no k3s binary", failed.Message);
    }

    [Fact]
    public async Task A_machine_was_a_node_when_it_has_a_certificate_and_goes_on_with_what_it_has()
    {
        Assert.False(Node().WasNode);
        _lab.Put("/var/lib/rancher/k3s/agent/client-kubelet.crt");

        await Node().ResumeAsync(TestContext.Current.CancellationToken);

        Assert.True(Node().WasNode);
        Assert.Equal(["systemctl daemon-reload", "systemctl start --no-block k3s-agent.service"], _lab.Lines);
    }

    [Theory]
    [InlineData("a\nb", "https://10.1.0.10:6443", "v")]
    [InlineData("../agents", "https://10.1.0.10:6443", "v")]
    [InlineData("agents", "http://10.1.0.10:6443", "v")]
    [InlineData("agents", "https://10.1.0.10:6443", "v --config=/tmp/x")]
    [InlineData("agents", "https://10.1.0.10:6443", "v\nExecStart=/bin/sh")]
    public async Task What_would_break_out_of_a_file_is_refused_before_anything_is_written(string node, string server, string label)
    {
        var granted = MachineLab.Granted("k3s") with { Node = node, Servers = [server], Labels = new Dictionary<string, string> { ["l"] = label } };

        await Assert.ThrowsAsync<EbbException>(() => Node().StartAsync(granted, TestContext.Current.CancellationToken));

        Assert.Empty(_lab.Files());
        Assert.Empty(_lab.Ran);
    }

    public void Dispose() => _lab.Dispose();

    private K3sNode Node() => new(_lab.Machine, _ => Task.FromResult(IPAddress.Parse("10.1.1.4")));
}
