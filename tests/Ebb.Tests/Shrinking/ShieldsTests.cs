using Ebb.Planning;
using Ebb.Pools;
using Ebb.Scheduling;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Shrinking;

/// <summary>Which machines are kept from going when others lower a pool's capacity.</summary>
public sealed class ShieldsTests
{
    private static readonly DateTimeOffset Noon = Some.Noon;

    [Fact]
    public void Machines_with_work_are_shielded_those_first_that_run_it_for_longest()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode([Some.Pod("web", owner: "ReplicaSet")]);
        some.AddNode([Some.Pod("young") with { StartedAt = Noon.AddMinutes(-1) }]);
        some.AddNode([Some.Pod("log", owner: "DaemonSet")], edit: Some.Marked(Noon));
        some.AddNode([Some.Pod("old") with { StartedAt = Noon.AddHours(-1) }]);

        Assert.Equal(("agents", true, "agents000003 agents000001 agents000000"), Told(Protect(some)!));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(null)]
    public void Those_that_are_shielded_or_cannot_be_are_left(bool? shielded)
    {
        var some = new Some().With(Some.Pool());
        some.AddNode([Some.Pod("frame")]);

        Assert.Null(Protect(some, shielded));
    }

    [Fact]
    public void A_machine_that_a_person_wants_kept_is_shielded_without_work_too()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: node => Some.Marked(Noon.AddHours(-1))(node) with { Annotations = node.Annotations.Add(Marks.Keep, "true") });

        Assert.Equal(("agents", true, "agents000000"), Told(Protect(some)!));
    }

    [Theory]
    [InlineData("cordon,keep,by=me@here#1,at=2026-01-01T12:00:00.000Z", false)]
    [InlineData("cordon,by=me@here#1,at=2026-01-01T12:00:00.000Z", true)]
    public void What_a_command_keeps_for_the_time_of_its_work_needs_no_shield_and_what_a_person_keeps_does(string operating, bool shielded)
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: node => Some.Marked(Noon.AddHours(-1))(node) with
        {
            Annotations = node.Annotations.Add(Marks.Keep, "true").Add(Marks.Operating, operating),
        });

        Assert.Equal(shielded, Protect(some) is not null);
    }

    [Theory]
    [InlineData(MachineState.Creating, false)]
    [InlineData(MachineState.Stopping, false)]
    [InlineData(MachineState.Deallocated, false)]
    [InlineData(MachineState.Deleting, false)]
    [InlineData(MachineState.Running, true)]
    public void Machines_that_the_cloud_is_at_work_on_are_left(MachineState state, bool changing)
    {
        var some = new Some().With(Some.Pool());
        some.AddNode([Some.Pod("frame")]);

        Assert.Null(Protect(some, edit: machine => machine with { State = state, Changing = changing }));
    }

    [Theory]
    [InlineData(MachineState.Creating, false, false)]
    [InlineData(MachineState.Running, false, true)]
    [InlineData(MachineState.Running, true, false)]
    [InlineData(MachineState.Running, null, false)]
    public void A_list_that_shows_a_machine_with_work_as_it_booted_is_soon_read_anew(MachineState state, bool? shielded, bool changing)
    {
        var some = new Some().With(Some.Pool());
        some.AddNode([Some.Pod("frame")]);
        Protect(some, shielded, machine => machine with { State = state, Changing = changing });

        Assert.Equal(shielded is false, some.Plan().InMotion.Contains("agents"));
    }

    [Fact]
    public void On_a_view_that_is_not_whole_and_in_a_pool_that_is_left_alone_nothing_is_shielded()
    {
        var unsure = new Some { Complete = false }.With(Some.Pool());
        unsure.AddNode([Some.Pod("frame")]);
        var unsound = new Some().With(Some.Pool() with { Problem = "tag 'ebb-max' is 'many'" });
        unsound.AddNode([Some.Pod("frame")]);

        Assert.Null(Protect(unsure));
        Assert.Null(Protect(unsound));
    }

    [Fact]
    public void Shields_come_after_all_else()
    {
        var some = new Some().With(Some.Pool(max: 9));
        some.AddNode([Some.Pod("frame", Some.Class(4))]);
        some.AddNode(edit: Some.Marked(Noon.AddMinutes(-5), TaintEffect.NoSchedule, Noon.AddMinutes(-1)));
        some.AddPending(1, Some.Class(3, 99));
        some.Edit("agents", view => view with { Machines = [.. view.Machines.Select(machine => machine with { Protected = false })] });

        Assert.Equal(["Remove", "Protect"], some.Plan().Decisions.Select(decision => decision.GetType().Name));
    }

    [Fact]
    public void A_machine_that_stays_without_work_is_given_free_once_it_would_have_gone()
    {
        var some = new Some().With(Some.Pool(min: 1));
        some.AddNode(edit: Ours(Noon.AddMinutes(-5)));

        Assert.Equal(("agents", false, "agents000000"), Told(Protect(some, shielded: true)!));
    }

    [Fact]
    public void It_is_not_sooner_nor_when_somebody_else_shielded_it()
    {
        var sooner = new Some().With(Some.Pool(min: 1));
        sooner.AddNode(edit: Ours(Noon.AddMinutes(-4)));
        var others = new Some().With(Some.Pool(min: 1));
        others.AddNode(edit: Some.Marked(Noon.AddHours(-4)));

        Assert.Null(Protect(sooner, shielded: true));
        Assert.Null(Protect(others, shielded: true));
    }

    [Fact]
    public void A_machine_that_goes_takes_its_shield_with_it()
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(edit: Ours(Noon.AddMinutes(-5)));

        Assert.Null(Protect(some, shielded: true));
        Assert.IsType<Decision.Cordon>(Assert.Single(some.Plan().Decisions));
    }

    [Fact]
    public void While_the_capacity_is_below_the_machines_there_are_nobody_loses_a_shield()
    {
        var some = new Some().With(Some.Pool(min: 2));
        some.AddNode(edit: Ours(Noon.AddMinutes(-5)));
        some.AddNode([Some.Pod("frame")]);
        some.Edit("agents", view => view with { Capacity = 1 });

        Assert.Null(Protect(some, shielded: true));
    }

    [Fact]
    public void Growth_after_somebody_lowered_the_capacity_below_what_is_at_work_goes_past_what_is_there()
    {
        var some = new Some().With(Some.Pool());
        for (var i = 0; i < 5; i++)
        {
            some.AddNode([Some.Pod($"frame-{i}", Some.Class(4))]);
        }

        some.AddPending(2, Some.Class(4));
        some.Edit("agents", view => view with { Capacity = 1, Machines = [.. view.Machines.Select(machine => machine with { Protected = true })] });

        var grow = some.Plan().Decisions.OfType<Decision.Grow>().Single();

        Assert.Equal((1, 6), (grow.Pool.Capacity, grow.By));
    }

    [Fact]
    public void Machines_beyond_a_capacity_that_somebody_lowered_go_when_they_are_idle()
    {
        var some = new Some().With(Some.Pool(min: 1));
        for (var i = 0; i < 3; i++)
        {
            some.AddNode(edit: Ours(Noon.AddMinutes(-5 - i)));
        }

        some.Edit("agents", view => view with { Capacity = 1, Machines = [.. view.Machines.Select(machine => machine with { Protected = true })] });

        Assert.Equal(["agents000002", "agents000001"], some.Plan().Decisions.OfType<Decision.Cordon>().Select(cordon => cordon.Node));
    }

    private static Func<Node, Node> Ours(DateTimeOffset idleSince) => node =>
    {
        node = Some.Marked(idleSince)(node);
        return node with { Annotations = node.Annotations.Add(Marks.Protected, "true") };
    };

    private static Decision.Protect? Protect(Some some, bool? shielded = false, Func<Machine, Machine>? edit = null)
    {
        some.Edit("agents", view => view with { Machines = [.. view.Machines.Select(machine => (edit ?? (one => one))(machine with { Protected = shielded }))] });
        return some.Plan().Decisions.OfType<Decision.Protect>().SingleOrDefault();
    }

    private static (string Pool, bool Shielded, string Nodes) Told(Decision.Protect protect) =>
        (protect.Pool.Pool.Name, protect.Shielded, string.Join(' ', protect.Machines.Select(one => one.Node)));
}
