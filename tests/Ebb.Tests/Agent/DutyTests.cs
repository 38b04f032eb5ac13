using System.Collections.Immutable;
using Ebb.Agent;
using Ebb.Clouds.Azure;

namespace Ebb.Tests.Agent;

public class DutyTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("Preempt", 30, 28)]
    [InlineData("Terminate", 300, 298)]
    [InlineData("Reboot", 900, 898)]
    [InlineData("Reboot", 1800, 1798)]
    [InlineData("Redeploy", 7 * 86400, 7 * 86400 - 2)]
    [InlineData("Redeploy", int.MaxValue, 30 * 86400)]
    [InlineData("Redeploy", 600, 598)]
    [InlineData("Preempt", 1, 0)]
    public void The_time_to_leave_ends_before_the_event_however_long_it_is_announced_ahead(string kind, int seconds, int left)
    {
        var duty = Duty.Of(Announced(kind, Noon.AddSeconds(seconds), "agents_1"), "agents_1")!;

        Assert.Equal(TimeSpan.FromSeconds(left), duty.LeftAt(Noon));
        Assert.Equal(TimeSpan.Zero, duty.LeftAt(Noon.AddSeconds(seconds)));
        Assert.True(duty.Acknowledge);
    }

    [Theory]
    [InlineData("Reboot")]
    [InlineData("Freeze")]
    public void What_strikes_others_too_is_agreed_to_only_by_its_time(string kind)
    {
        Assert.False(Duty.Of(Announced(kind, Noon.AddMinutes(15), "agents_0", "agents_1"), "AGENTS_1")!.Acknowledge);
        Assert.True(Duty.Of(Announced(kind, Noon.AddMinutes(15), "agents_1", "Agents_1"), "AGENTS_1")!.Acknowledge);
    }

    [Fact]
    public void A_time_beyond_all_times_is_as_good_as_a_month()
    {
        var duty = Duty.Of(Announced("Redeploy", DateTimeOffset.MaxValue, "agents_1"), "agents_1")!;

        Assert.Equal(TimeSpan.FromDays(30), duty.LeftAt(Noon));
        Assert.Equal(TimeSpan.Zero, Duty.Of(Announced("Redeploy", DateTimeOffset.MinValue, "agents_1"), "agents_1")!.LeftAt(Noon));
    }

    [Fact]
    public void What_has_begun_is_told_and_no_longer_agreed_to()
    {
        var duty = Duty.Of(Announced("Reboot", null, "agents_1"), "agents_1")!;

        Assert.Equal((TimeSpan.Zero, false, null), (duty.LeftAt(Noon), duty.Acknowledge, duty.Notice.At));
    }

    [Fact]
    public void What_is_announced_to_others_is_none_of_this_machine_s()
    {
        Assert.Null(Duty.Of(Announced("Preempt", Noon.AddSeconds(30), "agents_10"), "agents_1"));
    }

    private static ScheduledEvent Announced(string kind, DateTimeOffset? at, params ImmutableArray<string> machines) => new("id", kind, machines, at, null);
}
