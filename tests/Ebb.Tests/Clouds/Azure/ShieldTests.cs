using System.Net;
using Ebb.Clouds;

namespace Ebb.Tests.Clouds.Azure;

public sealed class ShieldTests
{
    private readonly AzureCase _azure = new();

    private ScriptedArm Arm => _azure.Arm;

    [Fact]
    public void A_machine_is_shielded_by_changing_its_policy_only()
    {
        Arm.Set("agents", 1);
        var pool = _azure.Pool();

        _azure.Do(c => c.ProtectAsync(pool, pool.Machines[0], shielded: true, CancellationToken.None));

        Assert.Equal(0, Arm.Count("GET agents/virtualMachines/0"));
        var call = Arm.Calls.IndexOf("PUT agents/virtualMachines/0");
        Assert.Equal("""{"location":"eastus","properties":{"protectionPolicy":{"protectFromScaleIn":true}}}""", Arm.Bodies[call]);
        Assert.Equal("\"1\"", Arm.Requests[call].Headers.GetValues("If-Match").Single());

        _azure.Do(c => c.ProtectAsync(pool, pool.Machines[0], shielded: false, CancellationToken.None));
        Assert.Equal(1, Arm.Count("PUT"));
    }

    [Fact]
    public void A_machine_that_changed_since_it_was_listed_is_read_before_it_is_shielded()
    {
        Arm.Set("agents", 1);
        var pool = _azure.Pool();
        Arm.Instead("PUT agents/virtualMachines/0", HttpStatusCode.PreconditionFailed, ScriptedArm.Error("PreconditionFailed"));

        Assert.IsType<ProtectResult.Done>(_azure.Do(c => c.ProtectAsync(pool, pool.Machines[0], shielded: true, CancellationToken.None)));

        Assert.Equal(["PUT agents/virtualMachines/0", "GET agents/virtualMachines/0", "PUT agents/virtualMachines/0"], Arm.Calls[^3..]);
        Assert.True(_azure.Pool().Machines[0].Protected);
        Assert.Equal(1, Arm.Count("GET agents/virtualMachines") - Arm.Count("GET agents/virtualMachines/"));
    }

    [Fact]
    public void Too_many_shields_keep_no_pool_from_growing_nor_machines_from_being_listed_or_removed()
    {
        Arm.Set("agents", 3);
        var pool = _azure.Pool();
        Arm.Instead("PUT agents/virtualMachines/0", HttpStatusCode.TooManyRequests, ScriptedArm.Error("TooManyRequests"), retryAfter: "45");

        var throttled = _azure.Do(c => c.ProtectAsync(pool, pool.Machines[0], shielded: true, CancellationToken.None));
        var held = _azure.Do(c => c.ProtectAsync(pool, pool.Machines[1], shielded: true, CancellationToken.None));

        Assert.Equal(new ProtectResult.Throttled(TimeSpan.FromSeconds(45)), throttled);
        Assert.IsType<ProtectResult.Throttled>(held);
        Assert.Equal(1, Arm.Count("PUT"));
        Assert.Equal(new RemoveResult.Removing(1), _azure.Remove(pool, 2));
        Assert.Equal(new GrowResult.Growing(3, 1), _azure.Grow(_azure.Pool(), 1));
    }

    [Fact]
    public void A_machine_that_is_gone_needs_no_shield()
    {
        Arm.Set("agents", 1);
        var pool = _azure.Pool();
        Arm.Instead("PUT agents/virtualMachines/0", HttpStatusCode.BadRequest, ScriptedArm.Error("InvalidParameter", ""","target":"instanceIds" """));

        Assert.IsType<ProtectResult.Gone>(_azure.Do(c => c.ProtectAsync(pool, pool.Machines[0], shielded: true, CancellationToken.None)));
    }
}
