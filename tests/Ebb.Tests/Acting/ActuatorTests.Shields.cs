using System.Net;
using Ebb.Clouds;
using Ebb.Planning;

namespace Ebb.Tests.Acting;

// What it does about shields: little at a time, and never to the harm of anything else.
public partial class ActuatorTests
{
    [Fact]
    public async Task Machines_are_shielded_a_few_in_a_round_and_their_nodes_marked()
    {
        var acted = await ActAsync(Shield("n1", "n2", "n3", "n4", "n5", "n6"));

        Assert.Equal(["shield m-n1 of agents", "shield m-n2 of agents", "shield m-n3 of agents", "shield m-n4 of agents"], _cloud.Calls);
        Assert.Equal(["change n1 protected=true", "change n2 protected=true", "change n3 protected=true", "change n4 protected=true"], _cluster.Calls);
        Assert.Equal(["m-n1 True", "m-n2 True", "m-n3 True", "m-n4 True"], acted.Shields.Select(one => $"{one.Machine.Name} {one.Shielded}"));
        Assert.Equal(TimeSpan.FromSeconds(1), acted.LookAgainAt - _time.GetUtcNow());
        Assert.True(acted.Complete);
    }

    [Fact]
    public async Task A_shield_that_is_lifted_takes_the_mark_with_it()
    {
        await ActAsync(Shield("n1") with { Shielded = false });

        Assert.Equal(["bare m-n1 of agents"], _cloud.Calls);
        Assert.Equal(["change n1 protected="], _cluster.Calls);
    }

    [Fact]
    public async Task Pools_take_turns()
    {
        var other = _pool with { Pool = _pool.Pool with { Name = "others" } };

        await ActAsync(Shield("n1", "n2", "n3", "n4", "n5"), Shield("o1") with { Pool = other });

        Assert.Equal(["shield m-n1 of agents", "shield m-o1 of others", "shield m-n2 of agents", "shield m-n3 of agents"], _cloud.Calls);
    }

    [Fact]
    public async Task A_pool_that_is_throttled_waits_as_long_as_it_is_told_and_keeps_nothing_else_from_being_done()
    {
        var other = _pool with { Pool = _pool.Pool with { Name = "others" } };
        _cloud.Protect = machine => machine.Name == "m-n1" ? new ProtectResult.Throttled(TimeSpan.FromSeconds(40)) : new ProtectResult.Done();
        Decision[] decisions = [new Decision.Grow(_pool, 1, 1) { Reason = "x" }, Shield("n1", "n2"), Shield("o1", "o2") with { Pool = other }];

        var acted = await ActAsync(decisions);

        Assert.Equal(["grow agents by 1", "shield m-n1 of agents", "shield m-o1 of others", "shield m-o2 of others"], _cloud.Calls);
        Assert.Equal(TimeSpan.FromSeconds(40), acted.LookAgainAt - _time.GetUtcNow());
        Assert.True(acted.Complete);

        _cloud.Calls.Clear();
        _time.Advance(TimeSpan.FromSeconds(39));
        await ActAsync(decisions[..2]);
        Assert.Equal(["grow agents by 1"], _cloud.Calls);

        _time.Advance(TimeSpan.FromSeconds(1));
        _cloud.Protect = _ => new ProtectResult.Done();
        await ActAsync(decisions[..2]);
        Assert.Equal(["shield m-n1 of agents", "shield m-n2 of agents"], _cloud.Calls[^2..]);
    }

    [Fact]
    public async Task A_machine_that_cannot_be_shielded_is_tried_again_later_and_is_not_in_the_way_of_others()
    {
        _cloud.Protect = machine => machine.Name == "m-n1" ? throw new CloudException("no", HttpStatusCode.Conflict, "Conflict") : new ProtectResult.Done();

        var first = await ActAsync(Shield("n1", "n2"));
        await ActAsync(Shield("n1", "n2"));
        _time.Advance(TimeSpan.FromMinutes(2));
        await ActAsync(Shield("n1"));

        Assert.Equal(["shield m-n1 of agents", "shield m-n2 of agents", "shield m-n1 of agents"], _cloud.Calls);
        Assert.Equal(["change n2 protected=true"], _cluster.Calls);
        Assert.True(first.LookAgainAt > _time.GetUtcNow() - TimeSpan.FromMinutes(2));
        Assert.True(first.Complete);
    }

    [Fact]
    public async Task What_may_not_be_done_at_all_is_not_tried_for_each_machine()
    {
        _cloud.Protect = _ => throw new CloudException("no", HttpStatusCode.Forbidden, "AuthorizationFailed");

        await ActAsync(Shield("n1", "n2", "n3"));
        await ActAsync(Shield("n2", "n3"));

        Assert.Equal(["shield m-n1 of agents"], _cloud.Calls);
    }

    [Fact]
    public async Task A_machine_that_is_gone_is_neither_shielded_nor_marked()
    {
        _cloud.Protect = machine => machine.Name == "m-n1" ? new ProtectResult.Gone() : new ProtectResult.Done();

        var acted = await ActAsync(Shield("n1", "n2"));

        Assert.Equal(["m-n2"], acted.Shields.Select(one => one.Machine.Name));
        Assert.Equal(["change n2 protected=true"], _cluster.Calls);
    }

    private Decision.Protect Shield(params string[] nodes) =>
        new(_pool, [.. nodes.Select(node => new Sheltered(Machine(node), node))], Shielded: true) { Reason = "work" };
}
