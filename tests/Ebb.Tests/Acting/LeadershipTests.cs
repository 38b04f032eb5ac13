using Ebb.Acting;

namespace Ebb.Tests.Acting;

public class LeadershipTests
{
    private readonly TwoClocks _time = new();
    private readonly Leadership _leadership;

    public LeadershipTests() => _leadership = new(_time, TimeSpan.FromSeconds(10), term: 3);

    [Fact]
    public void It_holds_from_renewal_to_renewal()
    {
        _time.Both(TimeSpan.FromSeconds(9));
        _leadership.Renewed(_leadership.Mark());
        _time.Both(TimeSpan.FromSeconds(9));

        Assert.True(_leadership.Holds);
        Assert.Equal(TimeSpan.FromSeconds(1), _leadership.Left);
    }

    [Fact]
    public void Once_overdue_it_is_lost_even_if_a_renewal_comes_late()
    {
        _time.Both(TimeSpan.FromSeconds(10));

        var overdue = _leadership.Holds;
        _leadership.Renewed(_leadership.Mark());

        Assert.False(overdue);
        Assert.False(_leadership.Holds);
    }

    [Fact]
    public void A_machine_that_was_suspended_does_not_believe_its_steady_clock()
    {
        _time.Wall += TimeSpan.FromHours(1);

        Assert.False(_leadership.Holds);
    }

    [Fact]
    public void A_wall_clock_set_back_wins_no_time()
    {
        _time.Wall -= TimeSpan.FromHours(1);
        _time.Steady += TimeSpan.FromSeconds(10);

        Assert.False(_leadership.Holds);
    }

    private sealed class TwoClocks : TimeProvider
    {
        public DateTimeOffset Wall { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public TimeSpan Steady { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Both(TimeSpan span) => (Wall, Steady) = (Wall + span, Steady + span);

        public override DateTimeOffset GetUtcNow() => Wall;

        public override long GetTimestamp() => Steady.Ticks;
    }
}
