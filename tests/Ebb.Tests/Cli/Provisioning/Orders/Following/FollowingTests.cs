using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.CloudInit;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Tests.Cli.Provisioning.Rendered;

namespace Ebb.Tests.Cli.Provisioning.Orders.Following;

/// <summary>A control-plane machine that runs, and is told something new.</summary>
public sealed class FollowingTests(MachineCloud cloud) : IClassFixture<MachineCloud>, IAsyncLifetime
{
    private const string Newer = "v1.32.1+k3s1";

    public async ValueTask InitializeAsync()
    {
        MachineLab.Require();
        await cloud.TidyAsync();
        await cloud.PutFileAsync(SystemShare.Ebb, "content of bin/ebb\n");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Without_orders_a_machine_is_born_by_what_it_was_told_and_says_so()
    {
        using var machine = new OrderedMachine(cloud);

        await machine.BeBornAsync();

        var state = (await cloud.StateAsync(0))!;
        Assert.Equal((ControlPlanePhase.Done, "", "v1.31.5+k3s1", machine.Name), (state.Phase, state.Generation, state.Release, state.Machine));
        Assert.Equal(cloud.Hashes[SystemShare.Ebb], state.Ebb);
        Assert.Contains("systemctl start --no-block ebb-control-plane-follow.service", machine.Ran);
        Assert.NotNull(await cloud.FileAsync(SystemShare.Begun));
    }

    [Fact]
    public async Task A_machine_that_is_born_when_there_are_newer_orders_comes_up_new()
    {
        using var machine = new OrderedMachine(cloud) { Changed = text => text + "# newer\n" };
        await cloud.PutFileAsync(SystemShare.Ebb, "a newer ebb\n");
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
        var state = (await cloud.StateAsync(0))!;
        Assert.Equal((ControlPlanePhase.Done, orders.Generation, 0, Newer), (state.Phase, state.Generation, state.Attempt, state.Release));
    }

    [Fact]
    public async Task Out_of_turn_nothing_is_changed_and_in_turn_it_is()
    {
        using var machine = await BornAsync();
        await cloud.PutFileAsync(SystemShare.Ebb, "a newer ebb\n");
        var orders = machine.Orders();
        await machine.OrderAsync(orders, machine: "farm-control-plane-1");

        await machine.LookAsync();

        Assert.Empty(machine.Ran);
        Assert.NotEqual(orders.Generation, (await cloud.StateAsync(0))!.Generation);
        await machine.TurnAsync(orders.Generation);
        await machine.LookAsync();
        Assert.Equal(["systemctl restart ebb.service"], machine.Ran);
        Assert.Equal("a newer ebb\n", machine.Lab.Read("/usr/local/bin/ebb"));
        var state = (await cloud.StateAsync(0))!;
        Assert.Equal((ControlPlanePhase.Done, orders.Generation, 1, cloud.Hashes[SystemShare.Ebb]), (state.Phase, state.Generation, state.Attempt, state.Ebb));
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
        var cluster = cloud.Cluster with { ControlPlane = cloud.Cluster.ControlPlane with { Machines = 1 } };
        using var machine = new OrderedMachine(cloud, cluster);
        await machine.BeBornAsync();
        machine.Forget();
        machine.Lab.Write("/var/lib/rancher/k3s/server/db/state.db", "SQLite's");
        Assert.DoesNotContain("cluster-init", machine.Lab.Read("/etc/rancher/k3s/config.yaml.d/10-machine.yaml"));
        Assert.Null(await cloud.FileAsync(SystemShare.Begun));
        machine.Cluster = cloud.Cluster with { ControlPlane = cloud.Cluster.ControlPlane with { Machines = 3 } };
        await machine.OrderAsync(machine.Orders());

        await machine.LookAsync();

        Assert.EndsWith("\ncluster-init: true\n", machine.Lab.Read("/etc/rancher/k3s/config.yaml.d/10-machine.yaml"));
        Assert.Contains("systemctl restart k3s.service", machine.Ran);
        Assert.Equal(ControlPlanePhase.Done, (await cloud.StateAsync(0))!.Phase);
        Assert.NotNull(await cloud.FileAsync(SystemShare.Begun));
    }

    [Fact]
    public async Task Orders_that_change_nothing_restart_nothing_and_are_done()
    {
        using var machine = await BornAsync();
        var orders = machine.Orders();
        await machine.OrderAsync(orders);

        await machine.LookAsync();

        Assert.Empty(machine.Ran);
        Assert.Equal((ControlPlanePhase.Done, orders.Generation), ((await cloud.StateAsync(0))!.Phase, (await cloud.StateAsync(0))!.Generation));
    }

    [Fact]
    public async Task A_newer_release_is_installed_after_a_snapshot_and_seen_to_run()
    {
        using var machine = await BornAsync();
        Directory.CreateDirectory(machine.Lab.At("/var/lib/rancher/k3s/server/db/etcd"));
        await machine.OrderAsync(machine.Orders(Newer));

        await machine.LookAsync();

        Assert.Equal(
            [
                "k3s etcd-snapshot save --name before-v1.32.1-k3s1",
                "k3s-install.sh server",
                "  INSTALL_K3S_SKIP_ENABLE=true",
                $"  INSTALL_K3S_VERSION={Newer}",
                "systemctl enable k3s.service",
                "systemctl restart k3s.service",
                "systemctl restart ebb.service",
            ],
            machine.Ran);
        var state = (await cloud.StateAsync(0))!;
        Assert.Equal((ControlPlanePhase.Done, Newer, true), (state.Phase, state.Release, state.Store));
    }

    [Fact]
    public async Task A_store_of_one_machine_is_copied_as_a_whole_while_it_is_written()
    {
        using var machine = await BornAsync();
        var store = "/var/lib/rancher/k3s/server/db/state.db";
        Directory.CreateDirectory(Path.GetDirectoryName(machine.Lab.At(store))!);
        await PythonAsync($"c = sqlite3.connect('{machine.Lab.At(store)}'); c.execute('pragma journal_mode=wal'); c.execute('create table kine (name text)'); c.execute(\"insert into kine values ('here')\"); c.commit(); os._exit(0)");
        await machine.OrderAsync(machine.Orders(Newer));

        await machine.LookAsync();

        var copy = machine.Lab.At("/var/lib/rancher/k3s/server/db/before-v1.32.1-k3s1.db");
        Assert.Equal("here", await PythonAsync($"print(sqlite3.connect('{copy}').execute('select name from kine').fetchone()[0])"));
        Assert.Equal("600", machine.Lab.ModeOf("/var/lib/rancher/k3s/server/db/before-v1.32.1-k3s1.db"));
    }

    [Fact]
    public async Task A_server_that_does_not_run_is_copied_at_rest_and_brought_to_the_release_that_mends_it()
    {
        using var machine = await BornAsync();
        machine.Lab.Write("/var/lib/rancher/k3s/server/db/etcd/member/wal", "entries");
        File.Delete(machine.Lab.At("k3s-running"));
        await machine.OrderAsync(machine.Orders(Newer));

        await machine.LookAsync();

        Assert.Equal(["systemctl stop k3s.service", "systemctl start --no-block k3s.service"], machine.Ran[..2]);
        Assert.Equal("entries", machine.Lab.Read("/var/lib/rancher/k3s/server/db/before-v1.32.1-k3s1/member/wal"));
        Assert.Equal(ControlPlanePhase.Done, (await cloud.StateAsync(0))!.Phase);
    }

    [Fact]
    public async Task What_fails_is_told_and_tried_again_in_the_next_attempt_only()
    {
        using var machine = await BornAsync();
        machine.Lab.Write("fail-k3s-install.sh", "");
        var orders = machine.Orders(Newer);
        await machine.OrderAsync(orders);

        await machine.LookAsync();

        var state = (await cloud.StateAsync(0))!;
        Assert.Equal((ControlPlanePhase.Failed, orders.Generation, 1, "v1.31.5+k3s1"), (state.Phase, state.Generation, state.Attempt, state.Release));
        Assert.Contains("k3s-install.sh server' ended with 1", state.Why);
        File.Delete(machine.Lab.At("fail-k3s-install.sh"));
        machine.Forget();
        await machine.LookAsync();
        Assert.Empty(machine.Ran);
        await machine.TurnAsync(orders.Generation, attempt: 2);
        await machine.LookAsync();
        state = (await cloud.StateAsync(0))!;
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
        Assert.Equal(ControlPlanePhase.Failed, (await cloud.StateAsync(0))!.Phase);
        File.Delete(machine.Lab.At("fail-k3s-install.sh"));
        File.Delete(machine.Lab.At("fail-systemctl"));
        machine.Forget();

        await machine.TurnAsync(machine.Orders().Generation, attempt: 2);
        await machine.LookAsync();

        Assert.Equal(ControlPlanePhase.Done, (await cloud.StateAsync(0))!.Phase);
        Assert.Contains("systemctl restart k3s.service", machine.Ran);
    }

    [Fact]
    public async Task A_release_that_does_not_come_up_is_a_failure_that_says_what_is_there()
    {
        using var machine = await BornAsync();
        await File.WriteAllTextAsync(
            Path.Combine(cloud.Directory, "k3s-install.sh"), "echo v1.30.0+k3s1 > \"$EBB_ROOT/k3s-installed\"\n", TestContext.Current.CancellationToken);
        await machine.OrderAsync(machine.Orders(Newer));

        await machine.LookAsync();

        var state = (await cloud.StateAsync(0))!;
        Assert.Equal(ControlPlanePhase.Failed, state.Phase);
        Assert.Contains($"of release v1.30.0+k3s1, with k3s v1.30.0+k3s1 installed, and {Newer} is wanted", state.Why);
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
        await cloud.PutFileAsync(SystemShare.Ebb, "a newer ebb\n");
        var orders = machine.Orders();
        await machine.OrderAsync(orders);
        await cloud.PutFileAsync(SystemShare.Wanted, content == "long" ? new string(' ', ControlPlaneOrders.MostBytes + 1) : content.Replace("GENERATION", orders.Generation, StringComparison.Ordinal));

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
    public async Task Shares_are_mounted_and_handed_out_with_the_key_that_the_orders_name_and_nothing_restarts()
    {
        using var machine = await BornAsync();
        machine.Mounted();
        var (first, second) = (await cloud.SharesKeyAsync("key1"), await cloud.SharesKeyAsync("key2"));
        Assert.Contains(first, machine.Lab.Read("/etc/ebb/shares.credentials"));
        await machine.OrderAsync(machine.Orders());
        await machine.LookAsync();
        machine.Forget();

        await machine.OrderAsync(machine.Orders(sharesKey: "key2"));
        await machine.LookAsync();

        Assert.Equal(["umount --lazy /srv"], machine.Ran);
        foreach (var file in new[] { "/etc/ebb/shares.credentials", "/etc/ebb/join/handout.json" })
        {
            Assert.Contains(second, machine.Lab.Read(file));
            Assert.DoesNotContain(first, machine.Lab.Read(file));
        }
    }

    [Fact]
    public async Task A_key_that_is_exchanged_is_asked_for_anew_once_and_not_at_every_look()
    {
        using var machine = await BornAsync();
        var orders = machine.Orders();
        cloud.Calls.Clear();
        using var following = machine.Follow();
        await machine.OrderAsync(orders);
        await machine.UntilAsync(found => found.Generation == orders.Generation && found.Phase is ControlPlanePhase.Done);

        await cloud.ExchangeKeyAsync();
        await cloud.PutFileAsync(SystemShare.Ebb, "a newer ebb\n");
        var newer = machine.Orders();
        await machine.OrderAsync(newer);
        await machine.UntilAsync(found => found.Generation == newer.Generation && found.Phase is ControlPlanePhase.Done);

        int Looks() => cloud.Calls.Count(call => call.Path.EndsWith(SystemShare.Turn, StringComparison.Ordinal) && call.Method == "GET");
        for (var before = Looks(); Looks() < before + 5;)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        var asked = cloud.Calls.Count(call => call.Path.EndsWith($"{cloud.Names.SystemAccount}/listKeys", StringComparison.OrdinalIgnoreCase) && call.ClientId != "operator");
        Assert.Equal(2, asked);
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
    public async Task Keys_to_log_in_with_are_replaced()
    {
        using var machine = await BornAsync();
        machine.Lab.Write("/home/ebb/.ssh/authorized_keys", "ssh-rsa AAAA before\n");
        await machine.OrderAsync(machine.Orders(sshKeys: ["ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"]));

        await machine.LookAsync();

        Assert.Equal("ssh-ed25519 AAAA one\nssh-ed25519 BBBB two\n", machine.Lab.Read("/home/ebb/.ssh/authorized_keys"));
        Assert.Equal("600", machine.Lab.ModeOf("/home/ebb/.ssh/authorized_keys"));
        Assert.Empty(machine.Ran);
    }

    [Fact]
    public async Task The_program_that_follows_is_replaced_first_and_the_new_one_carries_the_orders_out()
    {
        using var machine = await BornAsync();
        machine.Changed = text => text.Replace("def carry_out(self, orders):", "def carry_out(self, orders):\n        print('as the newer one')", StringComparison.Ordinal);
        await cloud.PutFileAsync(SystemShare.Ebb, "a newer ebb\n");
        await machine.OrderAsync(machine.Orders());

        var said = await machine.LookAsync();

        Assert.Contains("as the newer one", said);
        Assert.Equal(["systemctl restart ebb.service"], machine.Ran);
        Assert.Equal(ControlPlanePhase.Done, (await cloud.StateAsync(0))!.Phase);
    }

    [Fact]
    public async Task A_rotation_of_passwords_has_the_first_server_exchange_the_old_one_for_the_new_one_before_k3s_restarts()
    {
        using var machine = await BornAsync();
        await machine.OrderAsync(machine.Orders());
        await machine.LookAsync();
        var old = machine.Lab.Read("/etc/ebb/k3s/token").Trim();
        await cloud.PutFileAsync(SystemShare.ServerToken, "another password\n");
        machine.Forget();

        var state = new KeyState { K3s = new K3sOrder("passwords-1", RotationKind.Passwords) };
        await machine.OrderAsync(machine.Orders(rotation: K3sRotations.Of(state, cloud.Names)));
        await machine.LookAsync();

        Assert.Equal("another password", machine.Lab.Read("/etc/ebb/k3s/token").Trim());
        Assert.Equal(
            [$"k3s token rotate --token {old} --new-token another password", "systemctl restart k3s.service"],
            machine.Ran.Where(line => line.Contains("token", StringComparison.Ordinal) || line.Contains("restart k3s", StringComparison.Ordinal)));
        await cloud.PutFileAsync(SystemShare.ServerToken, $"content of {SystemShare.ServerToken}\n");
    }

    [Fact]
    public async Task Passwords_that_were_exchanged_just_before_the_power_went_are_not_exchanged_once_more()
    {
        using var machine = await BornAsync();
        await cloud.PutFileAsync(SystemShare.ServerToken, "another password\n");
        machine.K3s("""
            case "$*" in
              "token rotate "*) exit 1;;
              "secrets-encrypt status --token another password") echo Encryption Status: Enabled;;
            esac
            """);

        var state = new KeyState { K3s = new K3sOrder("passwords-2", RotationKind.Passwords) };
        var orders = machine.Orders(rotation: K3sRotations.Of(state, cloud.Names));
        await machine.OrderAsync(orders);
        await machine.LookAsync();

        Assert.Equal((ControlPlanePhase.Done, orders.Generation), ((await cloud.StateAsync(0))!.Phase, (await cloud.StateAsync(0))!.Generation));
        await cloud.PutFileAsync(SystemShare.ServerToken, $"content of {SystemShare.ServerToken}\n");
    }

    [Fact]
    public async Task Keys_are_exchanged_by_commands_that_run_once()
    {
        using var machine = await BornAsync();
        machine.Lab.Write("/etc/ebb/k3s/agent-token.before", "the one before\n");
        var rotation = new K3sRotation("2026-11", [["k3s", "token", "rotate", "--token", "@/etc/ebb/k3s/agent-token.before", "--new-token", "@/etc/ebb/k3s/token"], ["k3s", "certificate", "rotate"]]);
        var first = machine.Orders(rotation: rotation);
        await machine.OrderAsync(first);
        await machine.LookAsync();
        string[] expected =
        [
            "k3s token rotate --token the one before --new-token content of k3s/token",
            "systemctl stop k3s.service",
            "k3s certificate rotate",
            "systemctl restart k3s.service",
        ];
        Assert.Equal(expected, machine.Ran);

        machine.Forget();
        await machine.OrderAsync(machine.Orders(sshKeys: ["ssh-ed25519 AAAA one"], rotation: rotation));
        await machine.LookAsync();
        Assert.Empty(machine.Ran);
        await machine.OrderAsync(machine.Orders(rotation: new K3sRotation("2026-12", [["k3s", "secrets-encrypt", "rotate-keys"]]) { On = "farm-control-plane-1" }));
        await machine.LookAsync();
        Assert.Equal(["systemctl restart k3s.service"], machine.Ran);
    }

    [Fact]
    public async Task Authorities_are_laid_beside_those_in_use_and_the_first_server_puts_them_into_the_store()
    {
        using var machine = await BornAsync();
        await machine.OrderAsync(machine.Orders());
        await machine.LookAsync();
        var inUse = machine.Lab.Read("/var/lib/rancher/k3s/server/tls/etcd/peer-ca.key");
        await cloud.PutFileAsync(SystemShare.Pki + "etcd/peer-ca.key", "another key\n");
        machine.Forget();

        var offered = new KeyState { K3s = new K3sOrder("authorities-1-offer", ClusterAuthorities.What) { Phase = ClusterAuthorities.Offered } };
        var before = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(-2);
        await machine.OrderAsync(machine.Orders(rotation: K3sRotations.Of(offered, cloud.Names), stagesAuthorities: true));
        await machine.LookAsync();

        var staged = $"{SystemShare.Staged}/tls/etcd/peer-ca.key";
        Assert.Equal(("another key\n", inUse), (machine.Lab.Read(staged), machine.Lab.Read("/var/lib/rancher/k3s/server/tls/etcd/peer-ca.key")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(machine.Lab.At(staged)));
        Assert.True(File.GetLastWriteTimeUtc(machine.Lab.At(staged)) > before);
        Assert.Equal([$"k3s certificate rotate-ca --path {SystemShare.Staged}", "systemctl restart k3s.service"], machine.Ran);

        // Another server has them from the store. Then each makes its certificates anew.
        machine.Forget();
        var others = K3sRotations.Of(offered with { K3s = offered.K3s with { Id = "authorities-2-offer" } }, cloud.Names)! with { On = "farm-control-plane-1" };
        await machine.OrderAsync(machine.Orders(rotation: others, stagesAuthorities: true));
        await machine.LookAsync();
        Assert.Equal(["systemctl restart k3s.service"], machine.Ran);
        machine.Forget();
        var signed = new KeyState { K3s = new K3sOrder("authorities-1-sign", ClusterAuthorities.What) { Phase = ClusterAuthorities.Signed } };
        await machine.OrderAsync(machine.Orders(rotation: K3sRotations.Of(signed, cloud.Names), stagesAuthorities: true));
        await machine.LookAsync();
        Assert.Equal(["systemctl stop k3s.service", "k3s certificate rotate", "systemctl restart k3s.service"], machine.Ran);
        await cloud.PutFileAsync(SystemShare.Pki + "etcd/peer-ca.key", "content of k3s/tls/etcd/peer-ca.key\n");
    }

    [Fact]
    public async Task A_command_that_is_not_on_the_list_is_not_run()
    {
        using var machine = await BornAsync();
        var orders = machine.Orders(rotation: new K3sRotation("1", [["k3s", "certificate", "rotate"]]));
        orders.Configuration["k3s"]!["commands"]![0]![1] = "server";
        await machine.OrderAsync(orders);

        await machine.LookAsync();

        Assert.Contains("'k3s server rotate' is no command", (await cloud.StateAsync(0))!.Why);
        Assert.Empty(machine.Ran);
    }

    private async Task<OrderedMachine> BornAsync()
    {
        var machine = await OrderedMachine.BornAsync(cloud);
        await machine.LookAsync();
        return machine;
    }

    [Fact]
    public async Task Without_a_way_outside_another_release_comes_from_the_share()
    {
        const string Install = "INSTALLED=$(cat \"$EBB_ROOT/usr/local/bin/k3s\"); echo k3s-install.sh \"$@\" >> \"$EBB_ROOT/ran\"; echo \"$INSTALLED\" > \"$EBB_ROOT/k3s-installed\"\n";
        await cloud.PutFileAsync(SystemShare.AirGap + "k3s", "v1.31.5+k3s1");
        await cloud.PutFileAsync(SystemShare.AirGap + "k3s-install.sh", Install);
        await cloud.PutFileAsync(SystemShare.AirGap + "k3s-airgap-images-amd64.tar.zst", "images");
        var cluster = cloud.Cluster with { Options = cloud.Cluster.Options with { AirGapped = true } };
        using var machine = new OrderedMachine(cloud, cluster);
        await machine.BeBornAsync();
        Directory.CreateDirectory(machine.Lab.At("/var/lib/rancher/k3s/server/db/etcd"));
        machine.Forget();
        await cloud.PutFileAsync(SystemShare.AirGap + "k3s", Newer);
        await cloud.PutFileAsync(SystemShare.AirGap + "k3s-airgap-images-amd64.tar.zst", "newer images");
        await machine.OrderAsync(machine.Orders(Newer));

        await machine.LookAsync();

        Assert.Equal(
            ["k3s etcd-snapshot save --name before-v1.32.1-k3s1", "k3s-install.sh server", "systemctl enable k3s.service", "systemctl restart k3s.service", "systemctl restart ebb.service"],
            machine.Ran);
        Assert.Equal("newer images", machine.Lab.Read("/var/lib/rancher/k3s/agent/images/k3s-airgap-images-amd64.tar.zst"));
        Assert.Equal((ControlPlanePhase.Done, Newer), ((await cloud.StateAsync(0))!.Phase, (await cloud.StateAsync(0))!.Release));
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
        Assert.Equal((ControlPlanePhase.Done, orders.Generation), ((await cloud.StateAsync(0))!.Phase, (await cloud.StateAsync(0))!.Generation));
    }

    private static async Task<string> PythonAsync(string text)
    {
        using var python = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("/usr/bin/python3", ["-c", "import os, sqlite3\n" + text]) { RedirectStandardOutput = true })!;
        var said = await python.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await python.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, python.ExitCode);
        return said.Trim();
    }
}
