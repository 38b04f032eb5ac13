using System.Collections.Immutable;
using System.Net;
using Ebb.Acting;
using Ebb.Clouds;
using Ebb.Planning;
using Ebb.Pools;
using Ebb.Simulation;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Acting;

public partial class ActuatorTests
{
    private readonly VirtualTime _time = new();
    private readonly FakeCloud _cloud = new();
    private readonly FakeCluster _cluster = new();
    private readonly Leadership _leadership;
    private readonly Actuator _actuator;
    private readonly PoolView _pool;

    public ActuatorTests()
    {
        _leadership = new Leadership(_time, TimeSpan.FromDays(1), 1);
        _actuator = new Actuator(_cloud, _cluster.Within(_leadership), _leadership, _time, new Random(1), NullLogger<Actuator>.Instance);
        _pool = new PoolView
        {
            Pool = new Pool
            {
                Name = "agents",
                CloudId = "/agents",
                Size = "D2",
                Shape = new NodeShape { Capacity = Resources.None, Allocatable = Resources.None },
            },
            Capacity = 2,
            MachinesReadAt = _time.GetUtcNow(),
        };
    }

    [Fact]
    public async Task Idle_machines_go_in_one_call_after_a_last_look_at_each()
    {
        _cluster.Add("n1", "NoSchedule");
        _cluster.Add("n2", "NoSchedule");
        _cluster.AddPod("agent", "n1", "DaemonSet");
        _cluster.AddPod("mirror", "n1", "Mirror");
        _cluster.AddPod("done", "n2", "Job", "Succeeded");

        var acted = await ActAsync(Remove("n1", "n2"));

        Assert.Equal(["remove m-n1 m-n2 of agents"], _cloud.Calls);
        Assert.Equal(["m-n1", "m-n2"], acted.Removed.Select(machine => machine.Name));
        Assert.Empty(acted.Doubtful);
    }

    [Theory]
    [InlineData("Job")]
    [InlineData("ReplicaSet")]
    [InlineData("")]
    public async Task A_pod_that_slipped_in_wins_and_its_node_is_released(string owner)
    {
        _cluster.Add("n1", "NoSchedule");
        _cluster.Add("n2", "NoSchedule");
        _cluster.AddPod("late", "n2", owner, "Pending");

        await ActAsync(Remove("n1", "n2"));

        Assert.Equal(["remove m-n1 of agents"], _cloud.Calls);
        Assert.Equal("change n2 taint= retiring-since= idle-since= removing=", _cluster.Calls.Last(call => call.StartsWith("change n2", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("PreferNoSchedule")]
    public async Task A_machine_stays_when_its_node_is_not_behind_our_cordon(string? taint)
    {
        _cluster.Add("n1", taint);

        await ActAsync(Remove("n1"));

        Assert.Empty(_cloud.Calls);
        Assert.Equal("change n1 removing=", _cluster.Calls[^1]);
    }

    [Fact]
    public async Task A_machine_stays_when_its_node_belongs_to_another_machine_by_now()
    {
        _cluster.Add("n1", "NoSchedule", "sim://other");

        await ActAsync(Remove("n1"));

        Assert.Empty(_cloud.Calls);
    }

    [Fact]
    public async Task A_machine_stays_when_its_node_cannot_be_looked_at()
    {
        _cluster.Add("n1", "NoSchedule");
        _cluster.Add("n2", "NoSchedule");
        _cluster.Before = call =>
        {
            if (call == "pods on n1")
            {
                throw new InvalidOperationException("timed out");
            }
        };

        var acted = await ActAsync(Remove("n1", "n2"));

        Assert.Equal(["remove m-n2 of agents"], _cloud.Calls);
        Assert.False(acted.Complete);
    }

    [Fact]
    public async Task A_machine_that_never_joined_goes_without_a_look()
    {
        var departure = new Departure(Machine("lost"), null, "never joined");

        await ActAsync(new Decision.Remove(_pool, [departure]) { Reason = "x" });

        Assert.Equal(["remove m-lost of agents"], _cloud.Calls);
    }

    [Fact]
    public async Task A_pod_of_a_dead_kubelet_is_work_until_long_after_it_was_deleted()
    {
        _cluster.Add("n1", "NoSchedule", ready: false);
        _cluster.Add("n2", "NoSchedule", ready: false);
        _cluster.AddPod("just", "n1", deleted: _time.GetUtcNow() - TimeSpan.FromMinutes(1));
        _cluster.AddPod("long", "n2", deleted: _time.GetUtcNow() - TimeSpan.FromMinutes(6));

        await ActAsync(Remove("n1", "n2"));

        Assert.Equal(["remove m-n2 of agents"], _cloud.Calls);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public async Task A_machine_that_goes_because_its_node_is_not_ready_stays_when_a_last_look_finds_it_ready(bool ready, int removals)
    {
        _cluster.Add("n1", "NoSchedule", ready: ready);
        var silent = new Departure(Machine("n1"), "n1", "not ready for 20 min") { Unready = true };

        await ActAsync(new Decision.Remove(_pool, [silent]) { Reason = "x" });

        Assert.Equal(removals, _cloud.Calls.Count);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public async Task A_machine_without_power_goes_whatever_pods_still_stand_there_unless_its_node_lives(bool ready, int removals)
    {
        _cluster.Add("n1", ready: ready);
        _cluster.AddPod("lost", "n1");
        var off = new Departure(Machine("n1") with { State = MachineState.Deallocated }, "n1", "evicted by the cloud");

        await ActAsync(new Decision.Remove(_pool, [off]) { Reason = "x" });

        Assert.Equal(removals, _cloud.Calls.Count);
    }

    [Fact]
    public async Task Nodes_of_a_refused_removal_do_not_bear_its_mark()
    {
        _cluster.Add("n1", "NoSchedule");
        _cloud.Remove = () => throw new CloudException("a lock forbids it", HttpStatusCode.Conflict, "ScopeLocked");

        var acted = await ActAsync(Remove("n1"));

        Assert.Equal("change n1 removing=", _cluster.Calls[^1]);
        Assert.False(acted.Complete);
        Assert.Empty(acted.Removed);
    }

    [Fact]
    public async Task What_concerns_one_node_is_one_change()
    {
        _cluster.Add("n1");

        await ActAsync(
            new Decision.NoteIdle("n1", _time.GetUtcNow()) { Reason = "x" },
            new Decision.Cordon("n1") { Reason = "x" });

        Assert.Equal(
            ["change n1 taint=NoSchedule idle-since=2026-01-01T00:00:00.000Z retiring-since=2026-01-01T00:00:00.000Z"],
            _cluster.Calls);
    }

    [Fact]
    public async Task Notes_are_written_before_the_growth_that_follows_them()
    {
        _cloud.Grow = () =>
        {
            Assert.Equal(["remember growth/agents=3"], _cluster.Calls);
            return new GrowResult.Growing(5, 3);
        };

        var acted = await ActAsync(
            new Decision.Remember("growth/agents", "3") { Reason = "x" },
            new Decision.Grow(_pool, 3, 12) { Reason = "12 pods wait" });

        Assert.Equal(["grow agents by 3"], _cloud.Calls);
        Assert.Equal("3", acted.Notes["growth/agents"]);
        Assert.Equal("tell ConfigMap ebb-status Grow: Pool agents grows by 3 to 5: 12 pods wait", _cluster.Calls[^1]);
    }

    [Fact]
    public async Task A_throttled_cloud_is_left_alone_for_as_long_as_it_asks()
    {
        _cloud.Grow = () => new GrowResult.Throttled(TimeSpan.FromSeconds(40));
        var grow = new Decision.Grow(_pool, 3, 12) { Reason = "x" };

        var acted = await ActAsync(grow);
        _time.Advance(TimeSpan.FromSeconds(39));
        await ActAsync(grow);
        _time.Advance(TimeSpan.FromSeconds(1));
        await ActAsync(grow);

        Assert.Equal(_time.GetUtcNow(), acted.LookAgainAt);
        Assert.Equal(2, _cloud.Calls.Count);
    }

    [Fact]
    public async Task A_pool_is_doubtful_when_nobody_knows_what_became_of_a_request()
    {
        _cluster.Add("n1", "NoSchedule");
        _cloud.Grow = () => new GrowResult.Unknown("no answer");
        _cloud.Remove = () => new RemoveResult.Unknown("no answer");

        var grown = await ActAsync(new Decision.Grow(_pool, 3, 12) { Reason = "x" });
        var removed = await ActAsync(Remove("n1"));

        Assert.Equal(["agents"], grown.Doubtful);
        Assert.Equal(["agents"], removed.Doubtful);
        Assert.Empty(removed.Removed);
    }

    [Fact]
    public async Task A_refused_growth_is_handed_back()
    {
        var failure = new GrowFailure(GrowRefusal.Quota, "QuotaExceeded", "0 of 10 cores left", _time.GetUtcNow());
        _cloud.Grow = () => new GrowResult.Refused(failure);

        var acted = await ActAsync(new Decision.Grow(_pool, 3, 12) { Reason = "x" });

        Assert.Equal([("agents", failure)], acted.Failures);
        Assert.True(acted.Complete);
    }

    [Fact]
    public async Task One_bad_node_does_not_stop_the_others_and_is_not_hammered()
    {
        _cluster.Add("bad");
        _cluster.Add("good");
        _cluster.Before = call =>
        {
            if (call.StartsWith("change bad", StringComparison.Ordinal))
            {
                throw new InvalidOperationException("a webhook denies it");
            }
        };
        Decision[] steer = [new Decision.Steer("bad") { Reason = "x" }, new Decision.Steer("good") { Reason = "x" }];

        var first = await ActAsync(steer);
        await ActAsync(steer);
        _time.Advance(TimeSpan.FromMinutes(3));
        await ActAsync(steer);

        Assert.False(first.Complete);
        Assert.Equal(2, _cluster.Calls.Count(call => call.StartsWith("change bad", StringComparison.Ordinal)));
        Assert.Equal(3, _cluster.Calls.Count(call => call.StartsWith("change good", StringComparison.Ordinal)));
    }

    private Task<Acted> ActAsync(params Decision[] decisions) =>
        _actuator.ActAsync(Plan(decisions), TestContext.Current.CancellationToken);

    private Decision.Remove Remove(params string[] nodes) =>
        new(_pool, [.. nodes.Select(node => new Departure(Machine(node), node, "idle 5 min"))]) { Reason = "idle" };

    private static Machine Machine(string node) => new()
    {
        Id = node,
        Pool = "agents",
        Name = $"m-{node}",
        ProviderId = $"sim://{node}",
        State = MachineState.Running,
    };

    private static Plan Plan(params Decision[] decisions) => new()
    {
        Decisions = [.. decisions],
        Reasons = new Reasons
        {
            Nodes = ImmutableDictionary<string, string>.Empty,
            Pools = ImmutableDictionary<string, string>.Empty,
            Pods = [],
        },
    };
}
