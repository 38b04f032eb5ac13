using Ebb.Clouds;
using Ebb.Planning;
using Ebb.Pools;
using Ebb.Scheduling;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Growing;

public sealed class GrowthTests
{
    [Fact]
    public void A_burst_of_pods_is_one_request_for_as_many_machines_as_they_fill()
    {
        var some = new Some().With(Some.Pool(max: 100)).AddPending(30);

        var plan = some.Plan();

        var grow = Assert.IsType<Decision.Grow>(Assert.Single(plan.Decisions));
        Assert.Equal(("agents", 8, 30), (grow.Pool.Pool.Name, grow.By, grow.ForPods));
        Assert.Equal("waiting: pool agents grows for it", Assert.Single(plan.Reasons.Pods).Reason);
    }

    [Fact]
    public void Pods_that_fit_on_what_is_there_cause_no_growth()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode([Some.Pod("a"), Some.Pod("b")]);
        some.AddPending(2);

        var plan = some.Plan();

        Assert.Empty(plan.Decisions);
        Assert.Equal("waiting: fits on a node that is there, the scheduler has yet to place it", Assert.Single(plan.Reasons.Pods).Reason);
    }

    [Fact]
    public void Machines_on_their_way_are_counted_on_before_more_are_bought()
    {
        var some = new Some().With(Some.Pool(), capacity: 2).AddPending(8);
        some.AddMachine(state: MachineState.Creating, age: TimeSpan.FromSeconds(40));

        var plan = some.Plan();

        Assert.DoesNotContain(plan.Decisions, decision => decision is Decision.Grow);
        Assert.Equal(
            ["waiting: machine on its way in pool agents, 40 s so far", "waiting: machine on its way in pool agents, 0 s so far"],
            plan.Reasons.Pods.Select(pod => pod.Reason));
    }

    [Fact]
    public void Growth_stops_at_the_maximum_and_says_so()
    {
        var some = new Some().With(Some.Pool(max: 2)).AddPending(12);

        var plan = some.Plan();

        Assert.Equal(2, Assert.Single(plan.Decisions.OfType<Decision.Grow>()).By);
        Assert.Contains(plan.Reasons.Pods, pod => pod is { Reason: "waiting: pool agents is at its maximum 2", Pods.Length: 4 });
    }

    [Fact]
    public void The_cheapest_sufficient_mix_is_bought_and_spot_goes_first_where_prices_are_equal()
    {
        var some = new Some()
            .With(Some.Pool("dear", price: 0.3m))
            .With(Some.Pool("plain", price: 0.2m))
            .With(Some.Pool("spot", price: 0.2m, max: 2, priority: Priority.Spot))
            .AddPending(12);

        Assert.Equal([("plain", 1), ("spot", 2)], Grown(some.Plan()));
    }

    [Fact]
    public void Parts_of_one_pool_have_its_maximum_together_and_the_regular_one_fills_in_where_spot_may_not_grow()
    {
        var some = Parts().AddPending(30);

        Assert.Equal([("agents", 4)], Grown(some.Plan()));
        Assert.Contains(some.Plan().Reasons.Pods, pod => pod.Reason.Contains("pool agents-regular is part of agents, which is at its maximum 4", StringComparison.Ordinal));

        some = Parts();
        some.AddMachine("agents");
        some.Edit("agents", view => view with { Failures = [new GrowFailure(GrowRefusal.NoCapacity, "SkuNotAvailable", "no spot", Some.Noon.AddSeconds(-10))] });
        some.AddPending(30);

        Assert.Equal([("agents-regular", 3)], Grown(some.Plan()));

        static Some Parts() => new Some()
            .With(Some.Pool("agents", price: 0.05m, max: 4, priority: Priority.Spot) with { PartOf = "agents" })
            .With(Some.Pool("agents-regular", price: 0.2m, max: 4) with { PartOf = "agents" });
    }

    [Fact]
    public void A_small_rest_goes_to_a_small_machine()
    {
        var some = new Some()
            .With(Some.Pool("large", cpus: 16, gib: 64, price: 0.75m))
            .With(Some.Pool("small", cpus: 2, gib: 8, price: 0.1m))
            .AddPending(18);

        Assert.Equal([("large", 1), ("small", 1)], Grown(some.Plan()));
    }

    [Fact]
    public void Pods_that_ask_for_what_no_pool_has_are_told_so()
    {
        var some = new Some().With(Some.Pool());
        some.AddPending(1, new PodClass { Requests = Some.Amount(1, 1, 1, ("nvidia.com/gpu", 1)) });
        some.AddPending(1, Some.Class(cpus: 64));

        var plan = some.Plan();

        Assert.Empty(plan.Decisions);
        Assert.Equal(
            ["waiting: needs gpu (nvidia.com/gpu), no pool offers it", "waiting: pool agents is too small, 64 CPUs are needed and a machine has 4"],
            plan.Reasons.Pods.Select(pod => pod.Reason));
    }

    [Fact]
    public void What_a_dear_machine_has_left_takes_other_pods()
    {
        var gpu = Some.Pool("gpu", price: 3m);
        gpu = gpu with { Shape = gpu.Shape with { Allocatable = Some.Amount(8, 64, 110, ("nvidia.com/gpu", 1)) } };
        var some = new Some().With(gpu).With(Some.Pool());
        some.AddPending(1, new PodClass { Requests = Some.Amount(1, 1, 1, ("nvidia.com/gpu", 1)) });
        some.AddPending(7);

        Assert.Equal([("gpu", 1)], Grown(some.Plan()));
    }

    [Fact]
    public void Nodes_being_retired_are_released_before_anything_is_bought()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: Some.Marked(Some.Noon.AddMinutes(-6), TaintEffect.NoSchedule, Some.Noon.AddMinutes(-1)));
        some.AddPending(4);

        var plan = some.Plan();

        Assert.Equal("agents000000", Assert.IsType<Decision.Release>(Assert.Single(plan.Decisions)).Node);
        Assert.Equal("waiting: node agents000000 is released for it", Assert.Single(plan.Reasons.Pods).Reason);
        Assert.Equal("released: 4 waiting pods will fit here", plan.Reasons.Nodes["agents000000"]);
    }

    [Fact]
    public void A_pool_below_its_minimum_grows_to_it()
    {
        var grow = Assert.Single(new Some().With(Some.Pool(min: 3)).Plan().Decisions.OfType<Decision.Grow>());

        Assert.Equal((3, "pool agents is below its minimum 3"), (grow.By, grow.Reason));
    }

    [Fact]
    public void Machines_bought_for_the_minimum_hold_waiting_pods_too()
    {
        var plan = new Some().With(Some.Pool(min: 2, max: 2)).AddPending(8).Plan();

        Assert.Equal([("agents", 2)], Grown(plan));
        Assert.Equal("waiting: pool agents grows for it", Assert.Single(plan.Reasons.Pods).Reason);
    }

    [Fact]
    public void A_pod_for_one_node_alone_buys_no_machine()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode([.. Enumerable.Range(0, 4).Select(i => Some.Pod($"job-{i}"))]);
        some.AddPending(1, new PodClass
        {
            Requests = Some.Amount(1, 1),
            NodeTerms = [new NodeTerm([], [new Requirement("metadata.name", SelectorOperator.In, ["agents000000"])])],
        });

        var plan = some.Plan();

        Assert.Empty(plan.Decisions);
        Assert.Equal("waiting: may run on node agents000000 alone, and does not fit there", Assert.Single(plan.Reasons.Pods).Reason);
    }

    [Fact]
    public void What_DaemonSets_take_of_a_new_machine_is_not_given_away()
    {
        var some = new Some().With(Some.Pool()).AddPending(4);
        some.DaemonSets.Add(new DaemonSet("kube-system", "proxy", "ds", Some.Class(0.1, 0.1)));

        Assert.Equal([("agents", 2)], Grown(some.Plan()));
    }

    [Fact]
    public void A_pool_with_a_bad_tag_is_left_alone()
    {
        var some = new Some().With(Some.Pool() with { Problem = "tag ebb-max is 'ten'; it must be a number" }).AddPending(1);

        var plan = some.Plan();

        Assert.Empty(plan.Decisions);
        Assert.Equal("left alone: tag ebb-max is 'ten'; it must be a number", plan.Reasons.Pools["agents"]);
        Assert.StartsWith("waiting: pool agents is left alone", Assert.Single(plan.Reasons.Pods).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Gated_and_leaving_pods_are_not_grown_for()
    {
        var some = new Some().With(Some.Pool());
        some.AddPending(1, edit: pod => pod with { Gated = true });
        some.AddPending(1, edit: pod => pod with { LeavesBy = Some.Noon });

        var plan = some.Plan();

        Assert.Empty(plan.Decisions);
        Assert.Equal(2, plan.Reasons.Pods.Length);
    }

    [Fact]
    public void Pods_that_refuse_each_other_get_a_machine_each()
    {
        var apart = new PodClass
        {
            Requests = Some.Amount(1, 1),
            AntiAffinity = [new AffinityTerm("kubernetes.io/hostname", ["default"], null, LabelSelector.Everything)],
        };
        var some = new Some().With(Some.Pool()).AddPending(3, apart);

        Assert.Equal([("agents", 3)], Grown(some.Plan()));
    }

    [Fact]
    public void Pods_spread_over_zones_get_machines_in_each()
    {
        var spread = new PodClass
        {
            Requests = Some.Amount(1, 1),
            Spread = [new SpreadConstraint("topology.kubernetes.io/zone", 1, "default", LabelSelector.Everything, MinDomains: 3)],
        };
        var some = new Some().With(Some.Pool() with { Zones = ["1", "2", "3"] }).AddPending(6, spread);

        Assert.Equal([("agents", 3)], Grown(some.Plan()));
    }

    [Fact]
    public void Pods_with_the_same_host_port_get_a_machine_each()
    {
        var some = new Some().With(Some.Pool()).AddPending(3, new PodClass
        {
            Requests = Some.Amount(1, 1),
            HostPorts = [new HostPort("", "TCP", 8080)],
        });

        Assert.Equal([("agents", 3)], Grown(some.Plan()));
    }

    [Fact]
    public void A_pool_whose_taint_is_not_tolerated_is_passed_over()
    {
        var tainted = Some.Pool("tainted", price: 0.1m);
        tainted = tainted with { Shape = tainted.Shape with { Taints = [new Taint("for", "others", TaintEffect.NoSchedule)] } };
        var some = new Some().With(tainted).With(Some.Pool("plain")).AddPending(1);

        Assert.Equal([("plain", 1)], Grown(some.Plan()));
    }

    [Fact]
    public void Fifty_thousand_pods_are_packed_without_waste()
    {
        var pool = Some.Pool(max: 5000);
        pool = pool with { Shape = pool.Shape with { Allocatable = new Resources { CpuMilli = 1000, MemoryBytes = 5_000_000_000, Pods = 100 } } };
        var some = new Some().With(pool)
            .AddPending(50_000, new PodClass { Requests = new Resources { CpuMilli = 50, MemoryBytes = 100_000_000, Pods = 1 } })
            .AddPending(1_000, new PodClass { Requests = new Resources { CpuMilli = 95, MemoryBytes = 190_000_000, Pods = 1 } });

        Assert.Equal([("agents", 2595)], Grown(some.Plan()));
    }

    private static IEnumerable<(string Pool, int By)> Grown(Plan plan) =>
        plan.Decisions.OfType<Decision.Grow>().Select(grow => (grow.Pool.Pool.Name, grow.By)).Order();
}
