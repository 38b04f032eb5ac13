using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.CloudInit;
using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Tests.Cli.Provisioning.Orders.Following;

/// <summary>A control-plane machine that runs, and is told something new.</summary>
public sealed class FollowingTests(MachineCloud cloud) : FollowingCase(cloud)
{
    [Fact]
    public async Task Without_orders_a_machine_is_born_by_what_it_was_told_and_says_so()
    {
        using var machine = new OrderedMachine(Cloud);

        await machine.BeBornAsync();

        var state = (await Cloud.StateAsync(0))!;
        Assert.Equal((ControlPlanePhase.Done, "", "v1.31.5+k3s1", machine.Name), (state.Phase, state.Generation, state.Release, state.Machine));
        Assert.Equal(Cloud.Hashes[SystemShare.Ebb], state.Ebb);
        Assert.Contains("systemctl start --no-block ebb-control-plane-follow.service", machine.Ran);
        Assert.NotNull(await Cloud.FileAsync(SystemShare.Begun));
    }

    [Fact]
    public async Task A_machine_says_that_it_is_there_before_it_begins_to_hold_anything()
    {
        using var machine = new OrderedMachine(Cloud);
        await File.WriteAllTextAsync(Path.Combine(Cloud.Directory, "k3s-install.sh"), "exit 1\n", TestContext.Current.CancellationToken);

        var (code, _) = await machine.RunAsync();

        var state = (await Cloud.StateAsync(0))!;
        Assert.NotEqual(0, code);
        Assert.Equal((ControlPlanePhase.Working, false, ""), (state.Phase, state.Store, state.Release));
    }

    [Fact]
    public async Task A_machine_that_is_born_when_there_are_newer_orders_comes_up_new()
    {
        using var machine = new OrderedMachine(Cloud) { Changed = text => text + "# newer\n" };
        await Cloud.PutFileAsync(SystemShare.Ebb, "a newer ebb\n");
        machine.Cluster = machine.Cluster with { AddOns = machine.Cluster.AddOns with { MetricsServer = false, Registry = false } };
        var orders = machine.Orders(Newer);
        await machine.OrderAsync(orders, machine: "nobody");

        await machine.BeBornAsync();

        Assert.Equal("a newer ebb\n", machine.Lab.Read("/usr/local/bin/ebb"));
        Assert.EndsWith("# newer\n", machine.Lab.Read(OrderedMachine.Program));
        Assert.Contains("- metrics-server", machine.Lab.Read("/etc/rancher/k3s/config.yaml"));
        Assert.False(File.Exists(machine.Lab.At("/etc/rancher/k3s/registries.yaml")));
        Assert.False(File.Exists(machine.Lab.At("/var/lib/rancher/k3s/server/manifests/ebb-registry.yaml")));
        Assert.Contains($"  INSTALL_K3S_VERSION={Newer}", machine.Ran);
        Assert.Single(machine.Ran, line => line.StartsWith("k3s-install.sh", StringComparison.Ordinal));
        var state = (await Cloud.StateAsync(0))!;
        Assert.Equal((ControlPlanePhase.Done, orders.Generation, 0, Newer), (state.Phase, state.Generation, state.Attempt, state.Release));
    }

    [Fact]
    public async Task Out_of_turn_nothing_is_changed_and_in_turn_it_is()
    {
        using var machine = await BornAsync();
        await Cloud.PutFileAsync(SystemShare.Ebb, "a newer ebb\n");
        var orders = machine.Orders();
        await machine.OrderAsync(orders, machine: "farm-control-plane-1");

        await machine.LookAsync();

        Assert.Empty(machine.Ran);
        Assert.NotEqual(orders.Generation, (await Cloud.StateAsync(0))!.Generation);
        await machine.TurnAsync(orders.Generation);
        await machine.LookAsync();
        Assert.Equal(["systemctl restart ebb.service"], machine.Ran);
        Assert.Equal("a newer ebb\n", machine.Lab.Read("/usr/local/bin/ebb"));
        var state = (await Cloud.StateAsync(0))!;
        Assert.Equal((ControlPlanePhase.Done, orders.Generation, 1, Cloud.Hashes[SystemShare.Ebb]), (state.Phase, state.Generation, state.Attempt, state.Ebb));
    }

    [Fact]
    public async Task A_changed_configuration_of_k3s_restarts_k3s_and_nothing_else()
    {
        using var machine = await BornAsync();
        machine.Cluster = machine.Cluster with { AddOns = machine.Cluster.AddOns with { MetricsServer = false } };
        await machine.OrderAsync(machine.Orders());

        await machine.LookAsync();

        Assert.Equal(["systemctl restart k3s.service"], machine.Ran);
        Assert.Contains("- metrics-server", machine.Lab.Read("/etc/rancher/k3s/config.yaml"));
    }

    [Fact]
    public async Task A_machine_that_was_alone_begins_a_cluster_for_those_that_are_to_join_it()
    {
        var cluster = Cloud.Cluster with { ControlPlane = Cloud.Cluster.ControlPlane with { Machines = 1 } };
        using var machine = new OrderedMachine(Cloud, cluster);
        await machine.BeBornAsync();
        machine.Forget();
        machine.Lab.Write("/var/lib/rancher/k3s/server/db/state.db", "SQLite's");
        Assert.DoesNotContain("cluster-init", machine.Lab.Read("/etc/rancher/k3s/config.yaml.d/10-machine.yaml"));
        Assert.Null(await Cloud.FileAsync(SystemShare.Begun));
        machine.Cluster = Cloud.Cluster with { ControlPlane = Cloud.Cluster.ControlPlane with { Machines = 3 } };
        await machine.OrderAsync(machine.Orders());

        await machine.LookAsync();

        Assert.EndsWith("\ncluster-init: true\n", machine.Lab.Read("/etc/rancher/k3s/config.yaml.d/10-machine.yaml"));
        Assert.Contains("systemctl restart k3s.service", machine.Ran);
        Assert.Equal(ControlPlanePhase.Done, (await Cloud.StateAsync(0))!.Phase);
        Assert.NotNull(await Cloud.FileAsync(SystemShare.Begun));
    }

    [Fact]
    public async Task Orders_that_change_nothing_restart_nothing_and_are_done()
    {
        using var machine = await BornAsync();
        var orders = machine.Orders();
        await machine.OrderAsync(orders);

        await machine.LookAsync();

        Assert.Empty(machine.Ran);
        Assert.Equal((ControlPlanePhase.Done, orders.Generation), ((await Cloud.StateAsync(0))!.Phase, (await Cloud.StateAsync(0))!.Generation));
    }

    [Fact]
    public async Task What_fails_is_told_and_tried_again_in_the_next_attempt_only()
    {
        using var machine = await BornAsync();
        machine.Lab.Write("fail-k3s-install.sh", "");
        var orders = machine.Orders(Newer);
        await machine.OrderAsync(orders);

        await machine.LookAsync();

        var state = (await Cloud.StateAsync(0))!;
        Assert.Equal((ControlPlanePhase.Failed, orders.Generation, 1, "v1.31.5+k3s1"), (state.Phase, state.Generation, state.Attempt, state.Release));
        Assert.Contains("k3s-install.sh server' ended with 1", state.Why);
        File.Delete(machine.Lab.At("fail-k3s-install.sh"));
        machine.Forget();
        await machine.LookAsync();
        Assert.Empty(machine.Ran);
        await machine.TurnAsync(orders.Generation, attempt: 2);
        await machine.LookAsync();
        state = (await Cloud.StateAsync(0))!;
        Assert.Equal((ControlPlanePhase.Done, null, 2, Newer), (state.Phase, state.Why, state.Attempt, state.Release));
    }

    [Fact]
    public async Task What_a_failure_left_undone_is_done_by_the_orders_that_follow()
    {
        using var machine = await BornAsync();
        machine.Cluster = machine.Cluster with { AddOns = machine.Cluster.AddOns with { MetricsServer = false } };
        machine.Lab.Write("fail-k3s-install.sh", "");
        await machine.OrderAsync(machine.Orders(Newer));
        await machine.LookAsync();
        machine.Lab.Write("fail-systemctl", "");
        await machine.OrderAsync(machine.Orders());
        await machine.LookAsync();
        Assert.Equal(ControlPlanePhase.Failed, (await Cloud.StateAsync(0))!.Phase);
        File.Delete(machine.Lab.At("fail-k3s-install.sh"));
        File.Delete(machine.Lab.At("fail-systemctl"));
        machine.Forget();

        await machine.TurnAsync(machine.Orders().Generation, attempt: 2);
        await machine.LookAsync();

        Assert.Equal(ControlPlanePhase.Done, (await Cloud.StateAsync(0))!.Phase);
        Assert.Contains("systemctl restart k3s.service", machine.Ran);
    }

    [Theory]
    [InlineData("{\"generation\": \"")]
    [InlineData("[1]")]
    [InlineData("{\"generation\": \"GENERATION\"}")]
    [InlineData("long")]
    public async Task Orders_that_are_damaged_change_nothing_and_are_told_when_they_stay_so(string content)
    {
        using var machine = await BornAsync();
        var before = machine.Lab.Read(ControlPlaneConfig.Path);
        await Cloud.PutFileAsync(SystemShare.Ebb, "a newer ebb\n");
        var orders = machine.Orders();
        await machine.OrderAsync(orders);
        await Cloud.PutFileAsync(SystemShare.Wanted, content == "long" ? new string(' ', ControlPlaneOrders.MostBytes + 1) : content.Replace("GENERATION", orders.Generation, StringComparison.Ordinal));

        using var following = machine.Follow();
        var state = await machine.UntilAsync(found => found.Phase is ControlPlanePhase.Failed);

        Assert.Equal((orders.Generation, 1), (state.Generation, state.Attempt));
        Assert.Contains("control-plane/wanted.json", state.Why);
        Assert.Empty(machine.Ran);
        Assert.Equal(before, machine.Lab.Read(ControlPlaneConfig.Path));
        await machine.OrderAsync(orders, attempt: 2);
        Assert.Equal(2, (await machine.UntilAsync(found => found.Phase is ControlPlanePhase.Done)).Attempt);
    }

    [Fact]
    public async Task A_manifest_that_is_no_longer_wanted_is_removed_with_what_it_made()
    {
        using var machine = await BornAsync();
        machine.Lab.Write("/var/lib/rancher/k3s/server/manifests/somebody.yaml", "others'");
        machine.Cluster = machine.Cluster with { AddOns = machine.Cluster.AddOns with { Registry = false } };
        await machine.OrderAsync(machine.Orders());

        await machine.LookAsync();

        Assert.Equal(
            [
                "systemctl restart k3s.service",
                "k3s kubectl delete --ignore-not-found --wait=false -f /var/lib/ebb/removed-manifests/ebb-registry.yaml",
                "k3s kubectl delete --ignore-not-found --wait=false --namespace=kube-system addons.k3s.cattle.io ebb-registry",
            ],
            machine.Ran);
        Assert.Equal(
            ["ebb-role.yaml", "somebody.yaml"],
            Directory.EnumerateFiles(machine.Lab.At("/var/lib/rancher/k3s/server/manifests")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.False(File.Exists(machine.Lab.At("/etc/rancher/k3s/registries.yaml")));
    }

    [Fact]
    public async Task The_program_that_follows_is_replaced_first_and_the_new_one_carries_the_orders_out()
    {
        using var machine = await BornAsync();
        machine.Changed = text => text.Replace("def carry_out(self, orders):", "def carry_out(self, orders):\n        print('as the newer one')", StringComparison.Ordinal);
        await Cloud.PutFileAsync(SystemShare.Ebb, "a newer ebb\n");
        await machine.OrderAsync(machine.Orders());

        var said = await machine.LookAsync();

        Assert.Contains("as the newer one", said);
        Assert.Equal(["systemctl restart ebb.service"], machine.Ran);
        Assert.Equal(ControlPlanePhase.Done, (await Cloud.StateAsync(0))!.Phase);
    }

    [Fact]
    public async Task A_changed_unit_of_its_own_has_systemd_start_it_anew_when_all_is_told()
    {
        const string Unit = "/etc/systemd/system/ebb-control-plane-follow.service";
        using var machine = await BornAsync();
        var orders = machine.Orders();
        orders = orders with { Texts = [.. orders.Texts.Select(text => text.To == Unit ? text with { Content = text.Content + "# newer\n" } : text)] };
        await machine.OrderAsync(orders);

        var (code, said) = await machine.RunAsync("--follow", loop: true);

        Assert.True(code == 0, said);
        Assert.Equal(["systemctl daemon-reload"], machine.Ran);
        Assert.EndsWith("# newer\n", machine.Lab.Read(Unit));
        Assert.Equal((ControlPlanePhase.Done, orders.Generation), ((await Cloud.StateAsync(0))!.Phase, (await Cloud.StateAsync(0))!.Generation));
    }

    [Fact]
    public async Task A_command_that_is_not_on_the_list_is_not_run()
    {
        using var machine = await BornAsync();
        var orders = machine.Orders(rotation: new K3sRotation("1", [["k3s", "certificate", "rotate"]]));
        orders.Configuration["k3s"]!["commands"]![0]![1] = "server";
        await machine.OrderAsync(orders);

        await machine.LookAsync();

        Assert.Contains("'k3s server rotate' is no command", (await Cloud.StateAsync(0))!.Why);
        Assert.Empty(machine.Ran);
    }
}
