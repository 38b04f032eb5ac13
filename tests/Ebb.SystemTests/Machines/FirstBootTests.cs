using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Sandboxes;
using Ebb.Cli.Sandboxes.Subscription;
using Ebb.Joining;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Machines.Nspawn;
using Ebb.SystemTests.Commands;
using Ebb.SystemTests.Secrets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.SystemTests.Machines;

/// <summary>The first boot of machines of k3s with a real cloud-init and a real systemd, up to the command line and the files that k3s' installer is given.</summary>
[Collection(RealSandbox.Collection)]
public sealed partial class FirstBootTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Shell _shell = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_control_plane_machine_proves_itself_takes_keys_and_programs_and_installs_k3s_and_ebb_starts_when_that_is_ready()
    {
        await MachineRoot.RequireAsync();
        await using var world = await FirstBootWorld.BeginAsync(static instance => instance.Standalone);
        await world.DeployAsync(Environment.ProcessPath!, Ct);
        var machine = world.Cloud.Instances.Single(instance => instance.Standalone);

        await Shell.UntilAsync("ebb runs", Patience, () => Task.FromResult(world.Read(machine, FirstBootWorld.Ran)?.Contains("\nebb ", StringComparison.Ordinal) is true));

        // What k3s' documentation says of its installer: a command, and by the environment that nothing is to be downloaded or enabled.
        Assert.Equal(
            """
            k3s-install.sh server
            INSTALL_K3S_SKIP_DOWNLOAD=true
            INSTALL_K3S_SKIP_ENABLE=true
            k3s server
            k3s is ready
            ebb run --kubeconfig /etc/ebb/kubeconfig --join-listen 0.0.0.0:1337 --join-server https://10.1.0.10:6443 --join-agent-token /etc/ebb/k3s/agent-token --join-version v1.31.5+k3s1

            """,
            world.Read(machine, FirstBootWorld.Ran));
        Assert.Equal(
            $"""
            node-name: atoll-control-plane-0
            node-ip: 10.1.0.10
            advertise-address: 10.1.0.10
            kubelet-arg+:
            - provider-id=azure://{machine.ResourceId}
            node-label+:
            - topology.kubernetes.io/region=eastus
            - node.kubernetes.io/instance-type=Standard_B2ms

            """,
            world.Read(machine, "/etc/rancher/k3s/config.yaml.d/10-machine.yaml"));
        Assert.Contains("token-file: /etc/ebb/k3s/token\n", world.Read(machine, "/etc/rancher/k3s/config.yaml"), StringComparison.Ordinal);
        foreach (var name in SystemShare.Authorities)
        {
            var file = "/var/lib/rancher/k3s/server/tls/" + name;
            Assert.StartsWith("-----BEGIN ", world.Read(machine, file), StringComparison.Ordinal);
            Assert.Equal("600", world.ModeOf(machine, file));
        }

        Assert.Equal("755", world.ModeOf(machine, "/usr/local/bin/k3s"));
        Assert.Contains("/srv cifs credentials=/etc/ebb/shares.credentials", world.Read(machine, "/etc/fstab"), StringComparison.Ordinal);
        await AssertBootedWholeAsync(world, machine, ResourceNames.ControlPlaneRole);

        // Of all that it was given, nothing is told on.
        Needle[] given =
        [
            .. new[] { "token", "agent-token" }.Select(name => Needle.OfText(name, world.Read(machine, $"/etc/ebb/k3s/{name}")!.Trim())),
            Needle.OfText("the password of the share", Password().Match(world.Read(machine, "/etc/ebb/shares.credentials")!).Groups[1].Value),
        ];
        await AssertUntoldAsync(world, machine, given);
    }

    [Fact]
    public async Task A_machine_of_a_pool_joins_and_k3s_installer_is_called_for_an_agent_with_the_node_s_configuration()
    {
        await MachineRoot.RequireAsync();
        var agent = Path.Combine(await MachineRoot.MakeAgentAsync(), $"ebb-agent-{Ebb.Cli.Sandboxes.Joining.AgentBirth.Architecture}");
        await using var world = await FirstBootWorld.BeginAsync(static instance => !instance.Standalone);
        var ground = new ControlPlaneGround(world.Subscription);
        await using var cluster = new ClusterInRoom(new ControlPlaneCluster(world.Subscription, ground, TimeProvider.System, NullLoggerFactory.Instance), world.Room);
        await using var planes = new ControlPlanes(world.Cloud, ground, cluster, TimeProvider.System, NullLoggerFactory.Instance);
        using var stop = new CancellationTokenSource();
        var running = planes.RunAsync(stop.Token);
        await world.DeployAsync(agent, Ct);
        var machine = world.Cloud.Instances.Single(instance => !instance.Standalone);

        await Shell.UntilAsync("k3s runs", Patience, () => Task.FromResult(world.Read(machine, FirstBootWorld.Ran)?.Contains("ready", StringComparison.Ordinal) is true));

        Assert.Equal(
            """
            k3s-install.sh agent
            INSTALL_K3S_SKIP_DOWNLOAD=true
            INSTALL_K3S_SKIP_ENABLE=true
            k3s agent
            k3s is ready

            """,
            world.Read(machine, FirstBootWorld.Ran));
        var configuration = world.Read(machine, "/etc/rancher/k3s/config.yaml")!;
        Assert.Equal("600", world.ModeOf(machine, "/etc/rancher/k3s/config.yaml"));
        Assert.Matches("\\Aserver: \"https://10.1.0.10:6443\"\ntoken: \"K10[0-9a-f]{64}::[a-z0-9]{6}\\.[a-z0-9]{16}\"\nnode-name: \"atoll000000\"\n", configuration);
        Assert.Contains($"  - \"provider-id=azure://{machine.ResourceId}\"", configuration, StringComparison.Ordinal);
        Assert.Equal("images\n", world.Read(machine, "/var/lib/rancher/k3s/agent/images/k3s-airgap-images-amd64.tar.zst"));
        await AssertBootedWholeAsync(world, machine, "atoll");
        await AssertUntoldAsync(world, machine, [Needle.OfText("its token", Token().Match(configuration).Groups[1].Value)]);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _shell.DisposeAsync();

    /// <summary>It ran what was rendered, whole, and nothing of it failed.</summary>
    private async Task AssertBootedWholeAsync(FirstBootWorld world, Instance machine, string config)
    {
        var name = machine.ComputerName.ToLowerInvariant();
        Assert.Contains("status: done", await RealSandbox.OnMachineAsync(_shell, name, "cloud-init", "status", "--wait", "--long"), StringComparison.Ordinal);
        Assert.Equal("[]", JsonNode.Parse(world.Read(machine, "/var/lib/cloud/data/result.json")!)!["v1"]!["errors"]!.ToJsonString());
        Assert.DoesNotContain("WARNING", world.Read(machine, "/var/log/cloud-init.log"), StringComparison.Ordinal);
        Assert.Equal("", await RealSandbox.OnMachineAsync(_shell, name, "systemctl", "--failed", "--no-legend"));
        Assert.Equal(world.Rendering.CloudConfigs[config], await RealSandbox.OnMachineAsync(_shell, name, "zcat", "-f", "/var/lib/cloud/instance/user-data.txt"));
    }

    private Task AssertUntoldAsync(FirstBootWorld world, Instance machine, IEnumerable<Needle> given) =>
        MachineSecrets.AssertUntoldAsync(_shell, machine.ComputerName.ToLowerInvariant(), [.. given, .. world.Secrets], world.Told(machine));

    [GeneratedRegex("(?m)^password=(.+)$")]
    private static partial Regex Password();

    [GeneratedRegex(@"::[a-z0-9]{6}\.([a-z0-9]{16})""")]
    private static partial Regex Token();

    /// <summary>A cluster whose join server and API machines reach at the control plane's private address, as in the cloud.</summary>
    private sealed class ClusterInRoom(ControlPlaneCluster cluster, Room room) : IControlPlaneCluster
    {
        public KubernetesKind Kind => cluster.Kind;

        public MachineKind? Machines => MachineKind.Nspawn;

        public async Task<KubernetesPlace> RunAsync(Instance machine, string? release, KubernetesRanges? ranges, KubernetesAuthorities authorities, CancellationToken ct) =>
            Inside(machine, await cluster.RunAsync(machine, release, ranges, authorities, ct));

        public async Task<KubernetesPlace> RunAnewAsync(Instance machine, string? release, KubernetesRanges? ranges, KubernetesAuthorities authorities, CancellationToken ct) =>
            Inside(machine, await cluster.RunAnewAsync(machine, release, ranges, authorities, ct));

        public Task CloseAsync() => cluster.CloseAsync();

        public Task ForgetAsync() => cluster.ForgetAsync();

        public async Task<IAsyncDisposable> LeadAsync(Instance machine, IPEndPoint joinServer)
        {
            var address = IPAddress.Parse(machine.Address);
            await room.AddAddressAsync(address, CancellationToken.None);
            return await RoomForward.OpenOutwardsAsync(room, new IPEndPoint(address, JoinPaths.DefaultPort), joinServer, TimeProvider.System);
        }

        public ValueTask DisposeAsync() => cluster.DisposeAsync();

        private static KubernetesPlace Inside(Instance machine, KubernetesPlace place) => place with { Inside = new Uri($"https://{machine.Address}:{ResourceNames.ApiPort}") };
    }
}
