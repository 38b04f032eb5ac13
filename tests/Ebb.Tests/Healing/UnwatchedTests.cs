using Ebb.Planning;
using Ebb.Scheduling;
using Ebb.Tests.Planning;

namespace Ebb.Tests.Healing;

/// <summary>No controller ran for a while, or none could see anything: nothing is held against a machine for that time.</summary>
public sealed class UnwatchedTests
{
    private const string Node = "agents000000";

    private static readonly DateTimeOffset Noon = Some.Noon;

    [Theory]
    [InlineData(15, "joining: 5 min of 15")]
    [InlineData(2, "removed: did not join within 15 min")]
    public void Machines_that_booted_while_nobody_looked_have_that_time_besides(int unseen, string reason)
    {
        var some = new Some().With(Some.Pool());
        some.AddMachine();
        some.Notes[Notes.Unjoined("agents")] = $"{Notes.Write(Noon.AddMinutes(-20))}=0";
        Looked(some, TimeSpan.FromMinutes(unseen));

        Assert.Equal(reason, some.Plan().Reasons.Machines["agents_0"]);
    }

    [Fact]
    public void What_was_not_ready_before_has_that_time_besides_and_no_more_for_being_looked_at_again()
    {
        var some = Silent(Notes.Unready("agents"), Noon.AddMinutes(-25));
        Looked(some, TimeSpan.FromMinutes(10));

        var first = some.PlanAndRemember();
        some.Notes.Remove(Notes.LookedAt);
        some.Now = Noon.AddMinutes(4);
        var second = some.PlanAndRemember();
        some.Now = Noon.AddMinutes(5);
        var third = some.PlanAndRemember();

        Assert.DoesNotContain(first.Decisions.Concat(second.Decisions), decision => decision is Decision.Cordon);
        Assert.Equal("not ready for 20 min", Assert.Single(third.Decisions.OfType<Decision.Cordon>()).Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_became_another_while_nobody_looked_is_not_what_was_noted_before(bool joined)
    {
        // One that never had joined may have joined, worked and be booting now; what was away may have been back.
        var some = Silent(joined ? Notes.Unready("agents") : Notes.Unjoined("agents"), Noon.AddMinutes(-70));
        some.Nodes[0] = some.Nodes[0] with { ReadyChangedAt = Noon.AddMinutes(-1) };
        Looked(some, TimeSpan.FromMinutes(50));

        var first = some.PlanAndRemember();
        some.Notes.Remove(Notes.LookedAt);
        some.Now = Noon.AddMinutes(19);
        var second = some.PlanAndRemember();

        Assert.DoesNotContain(first.Decisions.Concat(second.Decisions), decision => decision is Decision.Cordon or Decision.Remove);
        Assert.Equal($"{Notes.Write(Noon)}=0", some.Notes[Notes.Unready("agents")]);
        Assert.DoesNotContain(Notes.Unjoined("agents"), some.Notes.Keys);
    }

    [Fact]
    public void A_cordon_for_what_was_noted_before_is_taken_off_with_that()
    {
        var some = Silent(Notes.Unready("agents"), Noon.AddMinutes(-70));
        some.Nodes[0] = Some.Marked(idleSince: Noon.AddHours(-2), retiring: TaintEffect.NoSchedule, since: Noon.AddMinutes(-51))(
            some.Nodes[0] with { ReadyChangedAt = Noon.AddMinutes(-1) });
        Looked(some, TimeSpan.FromMinutes(50));

        var plan = some.Plan();

        Assert.Single(plan.Decisions.OfType<Decision.Release>());
        Assert.DoesNotContain(plan.Decisions, decision => decision is Decision.Remove);
    }

    [Fact]
    public void What_came_back_meanwhile_is_released()
    {
        var some = Silent(Notes.Unready("agents"), Noon.AddMinutes(-71));
        some.Nodes[0] = Some.Marked(retiring: TaintEffect.NoSchedule, since: Noon.AddMinutes(-51))(
            some.Nodes[0] with { Ready = true, ReadyChangedAt = Noon.AddMinutes(-1) });
        Looked(some, TimeSpan.FromMinutes(50));

        Assert.Equal("it is ready again", Assert.Single(some.Plan().Decisions.OfType<Decision.Release>()).Reason);
    }

    [Theory]
    [InlineData(true, 60, true)]
    [InlineData(true, 30, false)]
    [InlineData(true, -60, true)]
    [InlineData(true, null, true)]
    [InlineData(false, 600, false)]
    public void That_somebody_looks_is_noted_every_minute_while_it_matters(bool joins, int? secondsAgo, bool noted)
    {
        var some = new Some().With(Some.Pool());
        if (joins)
        {
            some.AddMachine(age: TimeSpan.FromMinutes(1));
        }

        some.Notes[Notes.LookedAt] = secondsAgo is { } ago ? Notes.Write(Noon.AddSeconds(-ago)) : "";

        Assert.Equal(
            noted ? [Notes.Write(Noon)] : [],
            some.Plan().Decisions.OfType<Decision.Remember>().Where(note => note.Key == Notes.LookedAt).Select(note => note.Value));
    }

    /// <summary>An idle node that is not ready, with this note of its machine.</summary>
    private static Some Silent(string note, DateTimeOffset since)
    {
        var some = new Some().With(Some.Pool());
        some.AddNode(age: TimeSpan.FromHours(3), edit: node => node with { Ready = false, ReadyChangedAt = since });
        some.Notes[note] = $"{Notes.Write(since)}=0";
        return some;
    }

    private static void Looked(Some some, TimeSpan ago) => some.Notes[Notes.LookedAt] = Notes.Write(Noon - ago);
}
