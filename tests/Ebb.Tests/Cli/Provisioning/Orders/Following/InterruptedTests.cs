using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Tests.Cli.Provisioning.Orders.Following;

/// <summary>The power of a control-plane machine goes, wherever it is with its orders.</summary>
public sealed class InterruptedTests(MachineCloud cloud) : FollowingCase(cloud)
{
    // A birth begins again at its start, wherever it was: some of its steps tell as much as all of them, in a fifth of the time.
    private const int EveryBirth = 5;

    [Fact]
    public async Task Whatever_step_a_machine_is_killed_at_it_ends_as_it_is_ordered()
    {
        using var before = await OrderedMachine.BornAsync(Cloud);
        var born = await Cloud.FileAsync(SystemShare.State(before.Name));
        await Cloud.PutFileAsync(SystemShare.Ebb, "a newer ebb\n");
        before.Changed = text => text + "# newer\n";
        before.Cluster = before.Cluster with { AddOns = before.Cluster.AddOns with { Registry = false, MetricsServer = false } };
        var rotation = new K3sRotation("2026-11", [["k3s", "certificate", "rotate-ca", "--path", SystemShare.Staged], ["k3s", "certificate", "rotate"]]);
        var orders = before.Orders(Newer, ["ssh-ed25519 AAAA one"], rotation, stagesAuthorities: true);
        await before.OrderAsync(orders);

        var killed = 0;
        for (var step = 1; ; step++)
        {
            await Cloud.PutFileAsync(SystemShare.State(before.Name), System.Text.Encoding.UTF8.GetString(born!));
            using var machine = await OrderedMachine.BornAsync(Cloud);
            machine.Lab.Write("/var/lib/rancher/k3s/server/db/etcd/member/wal", "entries");
            var (code, said) = await machine.RunAsync("--follow", step);
            if (code == 0)
            {
                break;
            }

            Assert.True(code == 137, said);
            killed++;
            await machine.LookAsync();

            var state = (await Cloud.StateAsync(0))!;
            Assert.True(state.Phase is ControlPlanePhase.Done, $"step {step}: {state.Why}");
            Assert.Equal((orders.Generation, Newer, Cloud.Hashes[SystemShare.Ebb]), (state.Generation, state.Release, state.Ebb));
            Assert.Equal(Newer, machine.Lab.Read("k3s-running").Trim());
            Assert.Equal("a newer ebb\n", machine.Lab.Read("/usr/local/bin/ebb"));
            Assert.EndsWith("# newer\n", machine.Lab.Read(OrderedMachine.Program));
            Assert.Contains("- metrics-server", machine.Lab.Read("/etc/rancher/k3s/config.yaml"));
            Assert.Equal("ssh-ed25519 AAAA one\n", machine.Lab.Read("/home/ebb/.ssh/authorized_keys"));
            string[] did = ["k3s-install.sh server", "systemctl restart k3s.service", "systemctl restart ebb.service", $"k3s certificate rotate-ca --path {SystemShare.Staged}", "k3s certificate rotate"];
            Assert.All(did, command => Assert.Contains(command, machine.Ran));
            Assert.Contains(machine.Ran, line => line.StartsWith("k3s kubectl delete", StringComparison.Ordinal) && line.EndsWith("ebb-registry.yaml", StringComparison.Ordinal));
            Assert.Contains(machine.Ran, line => line.StartsWith("k3s etcd-snapshot save", StringComparison.Ordinal));
            Assert.Equal(["ebb-role.yaml"], Directory.EnumerateFiles(machine.Lab.At("/var/lib/rancher/k3s/server/manifests")).Select(Path.GetFileName));
        }

        Assert.True(killed > 25, $"It was killed at {killed} steps only.");
    }

    [Fact]
    public async Task A_file_that_cannot_be_put_in_its_place_leaves_nothing_beside_it_however_often_it_is_tried()
    {
        using var machine = new OrderedMachine(Cloud);
        await machine.BeBornAsync();
        Directory.CreateDirectory(machine.Lab.At("/home/ebb/.ssh/authorized_keys"));
        var orders = machine.Orders(sshKeys: ["ssh-ed25519 AAAA one"]);
        await machine.OrderAsync(orders);

        await machine.LookAsync();

        Assert.Equal(ControlPlanePhase.Failed, (await Cloud.StateAsync(0))!.Phase);
        Assert.Equal(["authorized_keys"], Directory.GetFileSystemEntries(machine.Lab.At("/home/ebb/.ssh")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Whatever_step_a_birth_is_cut_short_at_it_ends_as_it_is_ordered()
    {
        using var before = new OrderedMachine(Cloud) { Changed = text => text + "# newer\n" };
        await Cloud.PutFileAsync(SystemShare.Ebb, "a newer ebb\n");
        before.Cluster = before.Cluster with { AddOns = before.Cluster.AddOns with { Registry = false, MetricsServer = false } };
        var orders = before.Orders(Newer);

        var killed = 0;
        for (var step = 1; ; step += EveryBirth)
        {
            // Where a cluster has begun before, it would rightly wait for the others.
            await Cloud.TidyAsync();
            await before.OrderAsync(orders, machine: "nobody");
            using var machine = new OrderedMachine(Cloud);
            var (code, said) = await machine.RunAsync(null, step);
            if (code == 0)
            {
                break;
            }

            Assert.True(code == 137, said);
            killed++;
            if (!File.Exists(machine.Lab.At("/var/lib/ebb/control-plane-done")))
            {
                (code, said) = await machine.RunAsync();
                Assert.True(code == 0, said);
            }

            await machine.LookAsync();

            var state = (await Cloud.StateAsync(0))!;
            Assert.True(state.Phase is ControlPlanePhase.Done, $"step {step}: {state.Why}");
            Assert.Equal((orders.Generation, Newer, Cloud.Hashes[SystemShare.Ebb]), (state.Generation, state.Release, state.Ebb));
            Assert.EndsWith("# newer\n", machine.Lab.Read(OrderedMachine.Program));
            Assert.Contains("- metrics-server", machine.Lab.Read("/etc/rancher/k3s/config.yaml"));
            Assert.Equal(Newer, machine.Lab.Read("k3s-running").Trim());
            Assert.Contains("cluster-init: true", machine.Lab.Read("/etc/rancher/k3s/config.yaml.d/10-machine.yaml"));
            string[] did = ["systemctl enable k3s.service", "systemctl enable ebb.service", "systemctl start --no-block ebb.service"];
            Assert.All(did, command => Assert.Contains(command, machine.Ran));
        }

        Assert.True(killed > 5, $"It was cut short at {killed} steps only.");
    }
}
