using Ebb.Simulation.Demo;

namespace Ebb.Tests.Simulation.Demo;

public class DemoRunTests
{
    [Fact]
    public void Under_autoscale_by_cpu_all_frames_get_done_though_some_are_interrupted()
    {
        using var run = new DemoRun(new DemoOptions { Frames = 150 }, DemoSide.AzureAutoscale);

        var last = run.Run().Last();
        TestContext.Current.TestOutputHelper!.WriteLine($"{last.At} {run.Figures}");

        Assert.Equal(150, run.Figures.Completed);
        Assert.True(run.Figures.Interrupted > 0);
    }
}
