using Ebb.Cli.Provisioning;
using Ebb.Tests.Cli.Provisioning.Rendered;

namespace Ebb.Tests.Cli.Provisioning.Orders.Following;

/// <summary>A cloud with an empty share, and machines of a control plane that follow what lies there.</summary>
public abstract class FollowingCase(MachineCloud cloud) : IClassFixture<MachineCloud>, IAsyncLifetime
{
    protected const string Newer = "v1.32.1+k3s1";

    protected MachineCloud Cloud => cloud;

    public async ValueTask InitializeAsync()
    {
        MachineLab.Require();
        await cloud.TidyAsync();
        await cloud.PutFileAsync(SystemShare.Ebb, "content of bin/ebb\n");
        await cloud.PutFileAsync(SystemShare.ServerToken, $"content of {SystemShare.ServerToken}\n");
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>A machine that has come up, and has looked once.</summary>
    private protected async Task<OrderedMachine> BornAsync()
    {
        var machine = await OrderedMachine.BornAsync(cloud);
        await machine.LookAsync();
        return machine;
    }
}
