using Ebb.Acting.Draining;

namespace Ebb.Tests.Acting;

public class OperatingMarkTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("")]
    [InlineData("cordon,keep")]
    [InlineData("keep,stopped")]
    [InlineData("cordon,keep,by=ada@laptop#1f,at=2026-11-22T12:00:00.000Z")]
    public void What_it_says_is_read_as_it_was_written(string mark)
    {
        Assert.Equal(mark, $"{OperatingMark.Read(mark)}");
    }

    [Fact]
    public void It_tells_who_works_on_the_node()
    {
        var mark = OperatingMark.Read("cordon,stopped,by=ada@laptop#1f,at=2026-11-22T12:00:00.000Z")!;

        Assert.Equal(("cordon", true, "ada@laptop#1f", "ada@laptop", Noon), (Assert.Single(mark.Put), mark.UntilStart, mark.Owner, mark.By, mark.Renewed));
        Assert.Null(OperatingMark.Read(null));
    }

    [Theory]
    [InlineData("cordon,keep", 0, true)]
    [InlineData("cordon,keep,stopped", 100, false)]
    [InlineData("cordon,by=ada@laptop#1f,at=2026-11-22T12:00:00.000Z", 59, false)]
    [InlineData("cordon,by=ada@laptop#1f,at=2026-11-22T12:00:00.000Z", 60, true)]
    [InlineData("cordon,by=ada@laptop#1f,at=2026-11-22T12:00:00.000Z", -60, false)]
    [InlineData("cordon,by=ada@laptop#1f,at=once", 0, true)]
    public void It_is_left_behind_once_nobody_says_any_more_that_they_work_there(string mark, int seconds, bool leftBehind)
    {
        Assert.Equal(leftBehind, OperatingMark.Read(mark)!.IsLeftBehind(Noon.AddSeconds(seconds)));
    }
}
