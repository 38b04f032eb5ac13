using System.Text.Json.Nodes;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Tests.Cli.Provisioning.Orders.Following;

/// <summary>A control-plane machine is told of other keys.</summary>
public sealed class KeyTests(MachineCloud cloud) : FollowingCase(cloud)
{
    private const string Handout = "/etc/ebb/join/handout.json";

    [Fact]
    public async Task Shares_are_mounted_and_handed_out_with_the_key_that_the_orders_name_and_nothing_restarts()
    {
        using var machine = await BornAsync();
        machine.Mounted();
        var (first, second) = (await Cloud.SharesKeyAsync("key1"), await Cloud.SharesKeyAsync("key2"));
        Assert.Contains(first, machine.Lab.Read("/etc/ebb/shares.credentials"));
        await machine.OrderAsync(machine.Orders());
        await machine.LookAsync();
        machine.Forget();

        await machine.OrderAsync(machine.Orders(sharesKey: "key2"));
        await machine.LookAsync();

        Assert.Equal(["umount --lazy /srv"], machine.Ran);
        foreach (var file in new[] { "/etc/ebb/shares.credentials", Handout })
        {
            Assert.Contains(second, machine.Lab.Read(file));
            Assert.DoesNotContain(first, machine.Lab.Read(file));
        }
    }

    [Fact]
    public async Task Shares_that_come_and_go_are_handed_out_as_the_orders_name_them_and_mounted_here_as_long()
    {
        using var machine = await BornAsync();
        var first = await Cloud.SharesKeyAsync("key1");
        var (some, none) = (machine.Cluster, machine.Cluster with { Storage = machine.Cluster.Storage with { Shares = [] } });
        Assert.NotEmpty(some.Storage.Shares);
        await machine.OrderAsync(machine.Orders());
        await machine.LookAsync();
        machine.Mounted();
        machine.Forget();

        machine.Cluster = none;
        await machine.OrderAsync(machine.Orders());
        await machine.LookAsync();

        Assert.Equal("""{"mounts":[]}""", JsonNode.Parse(machine.Lab.Read(Handout))!.ToJsonString());
        Assert.Equal("# the image's own\n", machine.Lab.Read("/etc/fstab"));
        Assert.Equal(["umount --lazy /srv", "systemctl daemon-reload"], machine.Ran);
        Assert.False(File.Exists(machine.Lab.At("/etc/ebb/shares.credentials")));

        machine.Cluster = some;
        await machine.OrderAsync(machine.Orders(sharesKey: "key2"));
        await machine.LookAsync();

        Assert.Contains("/srv", machine.Lab.Read(Handout));
        Assert.DoesNotContain(first, machine.Lab.Read(Handout));
        Assert.Contains(" /srv cifs ", machine.Lab.Read("/etc/fstab"));
    }

    [Fact]
    public async Task Where_there_are_no_shares_join_servers_are_told_so_from_birth()
    {
        var none = Cloud.Cluster with { Storage = Cloud.Cluster.Storage with { Shares = [] } };
        using var machine = new OrderedMachine(Cloud, none);

        await machine.BeBornAsync();

        Assert.Equal("""{"mounts":[]}""", JsonNode.Parse(machine.Lab.Read(Handout))!.ToJsonString());
        Assert.Equal("600", machine.Lab.ModeOf(Handout));
        Assert.Equal("# the image's own\n", machine.Lab.Read("/etc/fstab"));
    }

    [Fact]
    public async Task A_key_that_is_exchanged_is_asked_for_anew_once_and_not_at_every_look()
    {
        using var machine = await BornAsync();
        var orders = machine.Orders();
        Cloud.Calls.Clear();
        using var following = machine.Follow();
        await machine.OrderAsync(orders);
        await machine.UntilAsync(found => found.Generation == orders.Generation && found.Phase is ControlPlanePhase.Done);

        await Cloud.ExchangeKeyAsync();
        await Cloud.PutFileAsync(SystemShare.Ebb, "a newer ebb\n");
        var newer = machine.Orders();
        await machine.OrderAsync(newer);
        await machine.UntilAsync(found => found.Generation == newer.Generation && found.Phase is ControlPlanePhase.Done);

        int Looks() => Cloud.Calls.Count(call => call.Path.EndsWith(SystemShare.Turn, StringComparison.Ordinal) && call.Method == "GET");
        for (var before = Looks(); Looks() < before + 5;)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        var asked = Cloud.Calls.Count(call => call.Path.EndsWith($"{Cloud.Names.SystemAccount}/listKeys", StringComparison.OrdinalIgnoreCase) && call.ClientId != "operator");
        Assert.Equal(2, asked);
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
    public async Task Keys_are_exchanged_by_commands_that_run_once()
    {
        using var machine = await BornAsync();
        var rotation = new K3sRotation("2026-11", [["k3s", "secrets-encrypt", "rotate-keys"], ["k3s", "certificate", "rotate"]]);
        await machine.OrderAsync(machine.Orders(rotation: rotation));
        await machine.LookAsync();
        string[] expected = ["k3s secrets-encrypt rotate-keys", "systemctl stop k3s.service", "k3s certificate rotate", "systemctl restart k3s.service"];
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
        await Cloud.PutFileAsync(SystemShare.Pki + "etcd/peer-ca.key", "another key\n");
        machine.Forget();

        var offered = new KeyState { K3s = new K3sOrder("authorities-1-offer", ClusterAuthorities.What) { Phase = ClusterAuthorities.Offered } };
        var before = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(-2);
        await machine.OrderAsync(machine.Orders(rotation: K3sRotations.Of(offered, Cloud.Names), stagesAuthorities: true));
        await machine.LookAsync();

        var staged = $"{SystemShare.Staged}/tls/etcd/peer-ca.key";
        Assert.Equal(("another key\n", inUse), (machine.Lab.Read(staged), machine.Lab.Read("/var/lib/rancher/k3s/server/tls/etcd/peer-ca.key")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(machine.Lab.At(staged)));
        Assert.True(File.GetLastWriteTimeUtc(machine.Lab.At(staged)) > before);
        Assert.Equal([$"k3s certificate rotate-ca --path {SystemShare.Staged}", "systemctl restart k3s.service"], machine.Ran);

        // Another server has them from the store. Then each makes its certificates anew.
        machine.Forget();
        var others = K3sRotations.Of(offered with { K3s = offered.K3s with { Id = "authorities-2-offer" } }, Cloud.Names)! with { On = "farm-control-plane-1" };
        await machine.OrderAsync(machine.Orders(rotation: others, stagesAuthorities: true));
        await machine.LookAsync();
        Assert.Equal(["systemctl restart k3s.service"], machine.Ran);
        machine.Forget();
        var signed = new KeyState { K3s = new K3sOrder("authorities-1-sign", ClusterAuthorities.What) { Phase = ClusterAuthorities.Signed } };
        await machine.OrderAsync(machine.Orders(rotation: K3sRotations.Of(signed, Cloud.Names), stagesAuthorities: true));
        await machine.LookAsync();
        Assert.Equal(["systemctl stop k3s.service", "k3s certificate rotate", "systemctl restart k3s.service"], machine.Ran);
        await Cloud.PutFileAsync(SystemShare.Pki + "etcd/peer-ca.key", "content of k3s/tls/etcd/peer-ca.key\n");
    }
}
