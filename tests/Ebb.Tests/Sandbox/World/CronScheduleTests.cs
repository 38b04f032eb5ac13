using System.Globalization;
using Ebb.Sandbox.Kubernetes.Controllers;

namespace Ebb.Tests.Sandbox.World;

public sealed class CronScheduleTests
{
    [Theory]
    [InlineData("*/15 * * * *", "2026-01-01T10:07:30Z", "2026-01-01T10:15:00Z")]
    [InlineData("0 3 * * *", "2026-01-01T10:07:30Z", "2026-01-02T03:00:00Z")]
    [InlineData("30 9-17/4 * * MON-FRI", "2026-01-02T17:30:00Z", "2026-01-05T09:30:00Z")]
    [InlineData("0 0 1 jan,jul *", "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z")]
    [InlineData("0 0 13 * 5", "2026-02-01T00:00:00Z", "2026-02-06T00:00:00Z")]
    [InlineData("0 12 * * 7", "2026-01-01T00:00:00Z", "2026-01-04T12:00:00Z")]
    [InlineData("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("@hourly", "2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z")]
    [InlineData("@every 90s", "2026-01-01T10:00:00Z", "2026-01-01T10:01:30Z")]
    public void The_next_time_is_found(string schedule, string after, string expected)
    {
        var next = CronSchedule.Parse(schedule, null)!.Next(At(after));

        Assert.Equal(At(expected), next);
    }

    [Fact]
    public void A_date_that_never_comes_has_no_next_time() =>
        Assert.Null(CronSchedule.Parse("0 0 31 2 *", null)!.Next(At("2026-01-01T00:00:00Z")));

    [Theory]
    [InlineData("")]
    [InlineData("* * * *")]
    [InlineData("60 * * * *")]
    [InlineData("* * 0 * *")]
    [InlineData("5-1 * * * *")]
    [InlineData("*/0 * * * *")]
    [InlineData("a * * * *")]
    [InlineData("@sometimes")]
    [InlineData("@every never")]
    public void What_is_no_schedule_is_refused(string schedule) => Assert.Null(CronSchedule.Parse(schedule, null));

    [Fact]
    public void An_unknown_time_zone_is_refused() => Assert.Null(CronSchedule.Parse("* * * * *", "Mars/Olympus"));

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
