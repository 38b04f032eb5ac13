using Ebb.Simulation.Demo;

namespace Ebb.Tests.Simulation.Demo;

public class DemoRunTests
{
    [Fact]
    public void Under_autoscale_by_cpu_all_frames_get_done_though_some_are_interrupted()
    {
        using var run = new DemoRun(new DemoOptions { Frames = 150 }, DemoSide.AzureAutoscale);

        var end = run.Run().Last();

        Assert.Equal((150, 150), (end.FramesDone, run.Figures.Completed));
        Assert.True(run.Figures.Interrupted > 0);
    }

    [Fact]
    public void Under_Ebb_all_frames_get_done_and_none_is_interrupted()
    {
        using var run = new DemoRun(new DemoOptions { Frames = 150 }, DemoSide.Ebb);

        var end = run.Run().Last();

        Assert.Equal(150, end.FramesDone);
        Assert.Equal((150, 0), (run.Figures.Completed, run.Figures.Interrupted));
        Assert.Equal(1, run.Figures.FinalMachines);
    }
}
