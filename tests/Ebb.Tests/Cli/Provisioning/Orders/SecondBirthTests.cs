using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Tests.Cli.Provisioning.Rendered;

namespace Ebb.Tests.Cli.Provisioning.Orders;

/// <summary>The first machine of three is made anew, and finds no other that answers.</summary>
public sealed class SecondBirthTests(MachineCloud cloud) : IClassFixture<MachineCloud>
{
    private static readonly TimeSpan LongAgo = TimeSpan.FromHours(1);

    [Fact]
    public async Task Where_a_cluster_has_begun_before_it_waits_for_the_others_and_says_so()
    {
        using var machine = await MachineAsync();
        await cloud.PutFileAsync(SystemShare.Begun, """{"machine": "farm-control-plane-0", "at": "2026-01-01T00:00:00Z"}""");
        await OthersAsync(store: true, TimeSpan.Zero);

        using var birth = machine.BeBorn();
        var state = await machine.UntilAsync(found => found.Why is not null);

        Assert.Equal((ControlPlanePhase.Working, false), (state.Phase, state.Store));
        Assert.Equal("waits for 10.1.0.11, 10.1.0.12 to answer, to join the cluster that has begun there", state.Why);
        Assert.False(File.Exists(machine.Lab.At("/etc/rancher/k3s/config.yaml.d/10-machine.yaml")));
    }

    [Fact]
    public async Task What_others_said_long_ago_lets_no_second_cluster_begin()
    {
        using var machine = await MachineAsync();
        await cloud.PutFileAsync(SystemShare.Begun, "{}");
        await OthersAsync(store: false, LongAgo);

        using var birth = machine.BeBorn();
        await machine.UntilAsync(found => found.Why is not null);

        Assert.False(File.Exists(machine.Lab.At("/etc/rancher/k3s/config.yaml.d/10-machine.yaml")));
    }

    [Fact]
    public async Task Where_every_machine_is_new_the_cluster_is_gone_and_another_begins()
    {
        using var machine = await MachineAsync();
        await cloud.PutFileAsync(SystemShare.Begun, "{}");
        await OthersAsync(store: false, TimeSpan.Zero);

        await machine.BeBornAsync();

        Assert.Contains("cluster-init: true", machine.Lab.Read("/etc/rancher/k3s/config.yaml.d/10-machine.yaml"));
    }

    private async Task<OrderedMachine> MachineAsync()
    {
        MachineLab.Require();
        await cloud.TidyAsync();
        return new OrderedMachine(cloud);
    }

    private async Task OthersAsync(bool store, TimeSpan ago)
    {
        foreach (var index in new[] { 1, 2 })
        {
            var name = cloud.Names.ControlPlaneMachine(index);
            var state = new ControlPlaneState
            {
                Machine = name,
                Generation = "",
                Attempt = 0,
                Phase = ControlPlanePhase.Working,
                Release = "",
                Ebb = "",
                Store = store,
                At = TimeProvider.System.GetUtcNow() - ago,
            };
            await cloud.PutFileAsync(SystemShare.State(name), System.Text.Encoding.UTF8.GetString(state.ToBytes()));
        }
    }
}
