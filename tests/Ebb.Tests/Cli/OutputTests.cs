using Ebb.Cli;
using Ebb.Cli.Demo;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Cli.Sandboxes;
using Ebb.Simulation.Demo;

namespace Ebb.Tests.Cli;

public class OutputTests
{
    [Fact]
    public void In_a_pipe_a_grid_is_aligned_text()
    {
        var grid = new Grid("pool", "machines");
        grid.Add(new Cell("agents"), new Cell("10"));
        grid.Add(new Cell("g"), new Cell("0", Tone.Bad));

        Assert.Equal(["POOL    MACHINES", "agents  10", "g       0"], grid.AsText());
    }

    [Theory]
    [InlineData(0, "0 s")]
    [InlineData(59, "59 s")]
    [InlineData(90, "1 min 30 s")]
    [InlineData(3600, "1 h")]
    [InlineData(90061, "1 d 1 h")]
    public void A_span_is_said_in_its_two_largest_units(int seconds, string says)
    {
        Assert.Equal(says, Words.Span(TimeSpan.FromSeconds(seconds)));
    }

    [Theory]
    [InlineData("45s", 45)]
    [InlineData("5m", 300)]
    [InlineData("1.5h", 5400)]
    [InlineData("-1s", -1)]
    [InlineData("5", null)]
    [InlineData("s", null)]
    [InlineData("", null)]
    [InlineData("5 m", null)]
    [InlineData("1e9h", null)]
    [InlineData("99999999999999999999h", null)]
    public void A_span_is_read_as_people_write_it(string text, int? seconds)
    {
        Assert.Equal(seconds, (int?)Spans.Parse(text)?.TotalSeconds);
    }

    [Theory]
    [InlineData("/home/me/a-b_c.yaml", "/home/me/a-b_c.yaml")]
    [InlineData("/home/me too/x", "'/home/me too/x'")]
    [InlineData("it's", @"'it'\''s'")]
    public void A_path_is_printed_so_that_it_can_be_pasted(string path, string pasted)
    {
        Assert.Equal(pasted, Launcher.Quote(path));
    }

    [Fact]
    public void The_chart_draws_capacity_as_a_line_over_demand()
    {
        DemoSample[] samples = [Sample(demand: 1, capacity: 2), Sample(demand: 4, capacity: 2), Sample(demand: 4, capacity: 4)];

        var chart = DemoChart.Draw(samples, width: 3, height: 4, top: 4, perColumn: 1);

        var picture = SvgPicture.Draw(chart, 3);
        Assert.Contains("┌", picture, StringComparison.Ordinal);
        Assert.Contains("█", picture, StringComparison.Ordinal);
        Assert.DoesNotContain("script", picture, StringComparison.Ordinal);
    }

    private static DemoSample Sample(int demand, int capacity) => new()
    {
        Side = DemoSide.Ebb,
        At = TimeSpan.Zero,
        Demand = demand,
        Capacity = capacity,
        Machines = [],
        FramesWaiting = 0,
        FramesRunning = 0,
        FramesDone = 0,
        Interrupted = 0,
        Cost = 0,
    };
}
