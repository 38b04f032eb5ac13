using Ebb.Acting;
using Ebb.Clouds;
using Ebb.Planning;

namespace Ebb.Tests.Acting;

// What it does once its term is over: nothing, however late it finds out.
public partial class ActuatorTests
{
    [Fact]
    public async Task Nothing_is_done_once_the_term_is_over()
    {
        using var term = new CancellationTokenSource();
        _cluster.Add("n1");
        _cluster.Before = call => term.Cancel();

        await Assert.ThrowsAsync<OperationCanceledException>(() => _actuator.ActAsync(
            Plan(new Decision.Steer("n1") { Reason = "x" }, new Decision.Grow(_pool, 1, 1) { Reason = "x" }),
            term.Token));

        Assert.Single(_cluster.Calls);
        Assert.Empty(_cloud.Calls);
    }

    [Fact]
    public async Task Nothing_is_done_on_a_lease_that_ran_out()
    {
        _time.Advance(TimeSpan.FromDays(2));

        await Assert.ThrowsAsync<TermOverException>(() => ActAsync(new Decision.Grow(_pool, 1, 1) { Reason = "x" }));

        Assert.Empty(_cloud.Calls);
    }

    [Fact]
    public async Task Who_was_frozen_while_the_cloud_answered_says_nothing_any_more()
    {
        _cloud.Grow = () =>
        {
            _time.Advance(TimeSpan.FromDays(2));
            return new GrowResult.Growing(5, 3);
        };

        await Assert.ThrowsAsync<TermOverException>(() => ActAsync(new Decision.Grow(_pool, 3, 12) { Reason = "x" }));

        Assert.Single(_cloud.Calls);
        Assert.Empty(_cluster.Calls);
    }

    [Fact]
    public async Task Who_was_frozen_while_it_took_a_last_look_neither_removes_nor_releases()
    {
        _cluster.Add("n1", "NoSchedule");
        _cluster.AddPod("late", "n1", "Job", "Pending");
        _cluster.Before = call =>
        {
            if (call == "pods on n1")
            {
                _time.Advance(TimeSpan.FromDays(2));
            }
        };

        await Assert.ThrowsAsync<TermOverException>(() => ActAsync(Remove("n1")));

        Assert.Equal("pods on n1", _cluster.Calls[^1]);
        Assert.Empty(_cloud.Calls);
    }
}
