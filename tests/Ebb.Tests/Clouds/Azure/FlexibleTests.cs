using System.Net;
using Ebb.Clouds;
using Ebb.Pools;

namespace Ebb.Tests.Clouds.Azure;

public class FlexibleTests
{
    private readonly AzureCase _azure = new();

    public FlexibleTests()
    {
        var set = _azure.Arm.Set("agents", 0);
        set.Orchestration = "Flexible";
        set.Capacity = 1;
        List();
    }

    private ScriptedArm Arm => _azure.Arm;

    [Fact]
    public void Members_of_a_flexible_set_are_virtual_machines_of_their_own()
    {
        var machine = Assert.Single(_azure.Pool().Machines);

        Assert.Equal(("agents_1a2b3c4d", "agents_1a2b3c4d", MachineState.Running, "Standard_D2s_v5"), (machine.Id, machine.Name, machine.State, machine.Size));
        Assert.Equal("azure:///subscriptions/sub-1/resourceGroups/farm/providers/Microsoft.Compute/virtualMachines/agents_1a2b3c4d", machine.ProviderId);
        var list = Arm.Requests[Arm.Calls.IndexOf("GET virtualMachines")];
        Assert.Contains($"'virtualMachineScaleSet/id' eq '{ScriptedArm.Group}/virtualMachineScaleSets/agents'", Uri.UnescapeDataString(list.RequestUri!.Query), StringComparison.Ordinal);
    }

    [Fact]
    public void They_are_removed_by_name_with_one_call_to_the_set_and_operated_one_by_one()
    {
        var pool = _azure.Pool();
        Arm.Instead("POST agents/delete", HttpStatusCode.Accepted, "");

        Assert.Equal(new RemoveResult.Removing(1), _azure.Do(c => c.RemoveAsync(pool, pool.Machines, CancellationToken.None)));
        Assert.Equal("""{"instanceIds":["agents_1a2b3c4d"]}""", Arm.Bodies[Arm.Calls.IndexOf("POST agents/delete")]);

        Arm.Instead("POST virtualMachines", HttpStatusCode.Accepted, "");
        _azure.Do(c => c.OperateAsync(pool, pool.Machines, MachineOperation.Deallocate, CancellationToken.None));
        Assert.Equal("POST virtualMachines/agents_1a2b3c4d/deallocate", Arm.Calls[^1]);
    }

    [Fact]
    public void They_cannot_be_shielded_and_the_error_says_what_can()
    {
        var pool = _azure.Pool();

        var e = Assert.Throws<EbbException>(() => _azure.Do(c => c.ProtectAsync(pool, pool.Machines[0], true, CancellationToken.None)));

        Assert.Contains("uniform", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_set_without_a_machine_profile_is_left_alone_with_a_reason()
    {
        Arm.Sets["agents"].Size = "";

        Assert.Contains("'ebb-ignore'", _azure.Pool().Pool.Problem, StringComparison.Ordinal);
    }

    private void List() => Arm.Instead("GET virtualMachines", HttpStatusCode.OK, """
        {"value":[{"id":"GROUP/virtualMachines/agents_1a2b3c4d","name":"agents_1a2b3c4d","location":"eastus",
        "properties":{"vmId":"v","provisioningState":"Succeeded","hardwareProfile":{"vmSize":"Standard_D2s_v5"},
        "instanceView":{"statuses":[{"code":"PowerState/running"}]}}}]}
        """.Replace("GROUP", ScriptedArm.Group, StringComparison.Ordinal));
}
