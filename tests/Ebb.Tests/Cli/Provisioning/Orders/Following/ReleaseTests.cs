using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Tests.Cli.Provisioning.Orders.Following;

/// <summary>A control-plane machine is told to run another release of k3s.</summary>
public sealed class ReleaseTests(MachineCloud cloud) : FollowingCase(cloud)
{
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
        var state = (await Cloud.StateAsync(0))!;
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
        Assert.Equal(ControlPlanePhase.Done, (await Cloud.StateAsync(0))!.Phase);
    }

    [Fact]
    public async Task A_release_that_does_not_come_up_is_a_failure_that_says_what_is_there()
    {
        using var machine = await BornAsync();
        await File.WriteAllTextAsync(
            Path.Combine(Cloud.Directory, "k3s-install.sh"), "echo v1.30.0+k3s1 > \"$EBB_ROOT/k3s-installed\"\n", TestContext.Current.CancellationToken);
        await machine.OrderAsync(machine.Orders(Newer));

        await machine.LookAsync();

        var state = (await Cloud.StateAsync(0))!;
        Assert.Equal(ControlPlanePhase.Failed, state.Phase);
        Assert.Contains($"of release v1.30.0+k3s1, with k3s v1.30.0+k3s1 installed, and {Newer} is wanted", state.Why);
    }

    [Fact]
    public async Task Without_a_way_outside_another_release_comes_from_the_share()
    {
        const string Install = "INSTALLED=$(cat \"$EBB_ROOT/usr/local/bin/k3s\"); echo k3s-install.sh \"$@\" >> \"$EBB_ROOT/ran\"; echo \"$INSTALLED\" > \"$EBB_ROOT/k3s-installed\"\n";
        await Cloud.PutFileAsync(SystemShare.AirGap + "k3s", "v1.31.5+k3s1");
        await Cloud.PutFileAsync(SystemShare.AirGap + "k3s-install.sh", Install);
        await Cloud.PutFileAsync(SystemShare.AirGap + "k3s-airgap-images-amd64.tar.zst", "images");
        var cluster = Cloud.Cluster with { Options = Cloud.Cluster.Options with { AirGapped = true } };
        using var machine = new OrderedMachine(Cloud, cluster);
        await machine.BeBornAsync();
        Directory.CreateDirectory(machine.Lab.At("/var/lib/rancher/k3s/server/db/etcd"));
        machine.Forget();
        await Cloud.PutFileAsync(SystemShare.AirGap + "k3s", Newer);
        await Cloud.PutFileAsync(SystemShare.AirGap + "k3s-airgap-images-amd64.tar.zst", "newer images");
        await Cloud.PutFileAsync(SystemShare.AirGap + "attestation-roots.pem", "certificates\n");
        await machine.OrderAsync(machine.Orders(Newer));

        await machine.LookAsync();

        Assert.Equal(
            ["k3s etcd-snapshot save --name before-v1.32.1-k3s1", "k3s-install.sh server", "systemctl enable k3s.service", "systemctl restart k3s.service", "systemctl restart ebb.service"],
            machine.Ran);
        Assert.Equal("newer images", machine.Lab.Read("/var/lib/rancher/k3s/agent/images/k3s-airgap-images-amd64.tar.zst"));
        Assert.Equal("certificates\n", machine.Lab.Read("/etc/ebb/join/attestation-roots.pem"));
        Assert.Equal((ControlPlanePhase.Done, Newer), ((await Cloud.StateAsync(0))!.Phase, (await Cloud.StateAsync(0))!.Release));

        // The join server sees by itself that they are others.
        machine.Forget();
        await Cloud.PutFileAsync(SystemShare.AirGap + "attestation-roots.pem", "other certificates\n");
        await machine.OrderAsync(machine.Orders(Newer));
        await machine.LookAsync();
        Assert.Empty(machine.Ran);
        Assert.Equal("other certificates\n", machine.Lab.Read("/etc/ebb/join/attestation-roots.pem"));
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
