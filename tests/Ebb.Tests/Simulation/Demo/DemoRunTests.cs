using Ebb.Simulation.Demo;

namespace Ebb.Tests.Simulation.Demo;

public class DemoRunTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Under_Ebb_all_frames_get_done_none_is_interrupted_and_the_machines_go(int seed)
    {
        using var run = new DemoRun(new DemoOptions { Frames = 120, Seed = seed }, DemoSide.Ebb);

        var end = run.Run().Last();

        Assert.Equal((120, 0, 0), (end.FramesDone, end.FramesWaiting, end.FramesRunning));
        Assert.Equal((120, 0, 1), (run.Figures.Completed, run.Figures.Interrupted, run.Figures.FinalMachines));
    }

    [Fact]
    public void The_clouds_own_autoscale_takes_longer_costs_more_and_interrupts_frames_that_are_then_done_again()
    {
        var options = new DemoOptions { Frames = 150 };
        using var azure = new DemoRun(options, DemoSide.AzureAutoscale);
        using var ebb = new DemoRun(options, DemoSide.Ebb);

        var end = azure.Run().Last();
        Assert.NotEmpty(ebb.Run().ToList());

        Assert.Equal((150, 150), (end.FramesDone, azure.Figures.Completed));
        Assert.True(azure.Figures.Interrupted > 0);
        Assert.True(azure.Figures.WaitP95Seconds > ebb.Figures.WaitP95Seconds);
        Assert.True(azure.Figures.Cost > ebb.Figures.Cost);
    }

    [Fact]
    public void The_same_seed_gives_the_same_run_to_the_last_machine()
    {
        string[] Once()
        {
            using var run = new DemoRun(new DemoOptions { Frames = 40, Seed = 5 }, DemoSide.Ebb);
            return [.. run.Run().Select(sample => $"{sample} {string.Join(' ', sample.Machines)}"), $"{run.Figures}"];
        }

        Assert.Equal(Once(), Once());
    }
}
