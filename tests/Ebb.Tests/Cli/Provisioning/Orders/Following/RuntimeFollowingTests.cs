using Ebb.Cli.Definition;

namespace Ebb.Tests.Cli.Provisioning.Orders.Following;

/// <summary>The cluster's own registry is switched on and off where something else than k3s' own containerd runs containers.</summary>
public sealed class RuntimeFollowingTests(MachineCloud cloud) : FollowingCase(cloud)
{
    [Theory]
    [InlineData(nameof(ContainerRuntime.Docker), "systemctl daemon-reload", "systemctl try-reload-or-restart docker.service")]
    [InlineData(nameof(ContainerRuntime.CriO), "systemctl try-restart crio.service")]
    public async Task The_runtime_learns_of_the_registry_without_the_machine_s_containers_being_stopped(string name, params string[] ran)
    {
        var runtime = Enum.Parse<ContainerRuntime>(name);
        using var machine = await BornAsync();
        machine.Cluster = machine.Cluster with { Options = machine.Cluster.Options with { ContainerRuntime = runtime }, AddOns = machine.Cluster.AddOns with { Registry = false } };
        await machine.OrderAsync(machine.Orders());
        await machine.LookAsync();
        machine.Forget();

        machine.Cluster = machine.Cluster with { AddOns = machine.Cluster.AddOns with { Registry = true } };
        await machine.OrderAsync(machine.Orders());
        await machine.LookAsync();
        var with = machine.Ran;
        machine.Forget();
        machine.Cluster = machine.Cluster with { AddOns = machine.Cluster.AddOns with { Registry = false } };
        await machine.OrderAsync(machine.Orders());
        await machine.LookAsync();

        Assert.Equal(ran, with);
        Assert.Equal(ran, machine.Ran.Where(line => line.StartsWith("systemctl", StringComparison.Ordinal)));
    }
}
