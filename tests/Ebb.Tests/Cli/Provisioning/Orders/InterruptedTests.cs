using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Tests.Cli.Provisioning.Rendered;

namespace Ebb.Tests.Cli.Provisioning.Orders;

/// <summary>The power of a control-plane machine goes, wherever it is with its orders.</summary>
public sealed class InterruptedTests(MachineCloud cloud) : IClassFixture<MachineCloud>
{
    private const string Newer = "v1.32.1+k3s1";

    [Fact]
    public async Task Whatever_step_a_machine_is_killed_at_it_ends_as_it_is_ordered()
    {
        MachineLab.Require();
        using var before = await OrderedMachine.BornAsync(cloud);
        var born = await cloud.FileAsync(SystemShare.State(before.Name));
        await cloud.PutFileAsync(SystemShare.Ebb, "a newer ebb\n");
        before.Changed = text => text + "# newer\n";
        before.Cluster = before.Cluster with { AddOns = before.Cluster.AddOns with { Registry = false, MetricsServer = false } };
        var orders = before.Orders(Newer, ["ssh-ed25519 AAAA one"], new K3sRotation("2026-11", [["k3s", "certificate", "rotate"]]));
        await before.OrderAsync(orders);

        var killed = 0;
        for (var step = 1; ; step++)
        {
            await cloud.PutFileAsync(SystemShare.State(before.Name), System.Text.Encoding.UTF8.GetString(born!));
            using var machine = await OrderedMachine.BornAsync(cloud);
            machine.Lab.Write("/var/lib/rancher/k3s/server/db/etcd/member/wal", "entries");
            var (code, said) = await machine.RunAsync("--follow", step);
            if (code == 0)
            {
                break;
            }

            Assert.True(code == 137, said);
            killed++;
            await machine.LookAsync();

            var state = (await cloud.StateAsync(0))!;
            Assert.True(state.Phase is ControlPlanePhase.Done, $"step {step}: {state.Why}");
            Assert.Equal((orders.Generation, Newer, cloud.Hashes[SystemShare.Ebb]), (state.Generation, state.Release, state.Ebb));
            Assert.Equal(Newer, machine.Lab.Read("k3s-running").Trim());
            Assert.Equal("a newer ebb\n", machine.Lab.Read("/usr/local/bin/ebb"));
            Assert.EndsWith("# newer\n", machine.Lab.Read(OrderedMachine.Program));
            Assert.Contains("- metrics-server", machine.Lab.Read("/etc/rancher/k3s/config.yaml"));
            Assert.Equal("ssh-ed25519 AAAA one\n", machine.Lab.Read("/home/ebb/.ssh/authorized_keys"));
            string[] did = ["k3s-install.sh server", "systemctl restart k3s.service", "systemctl restart ebb.service", "k3s certificate rotate"];
            Assert.All(did, command => Assert.Contains(command, machine.Ran));
            Assert.Contains(machine.Ran, line => line.StartsWith("k3s kubectl delete", StringComparison.Ordinal) && line.EndsWith("ebb-registry.yaml", StringComparison.Ordinal));
            Assert.Contains(machine.Ran, line => line.StartsWith("k3s etcd-snapshot save", StringComparison.Ordinal));
            Assert.Equal(["ebb-role.yaml"], Directory.EnumerateFiles(machine.Lab.At("/var/lib/rancher/k3s/server/manifests")).Select(Path.GetFileName));
        }

        Assert.True(killed > 25, $"It was killed at {killed} steps only.");
    }
}
