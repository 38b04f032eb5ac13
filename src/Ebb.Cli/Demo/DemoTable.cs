using Ebb.Cli.Output;
using Ebb.Simulation.Demo;

namespace Ebb.Cli.Demo;

/// <summary>What both runs came to, side by side.</summary>
internal static class DemoTable
{
    public static Grid Of(DemoComparison result)
    {
        var grid = new Grid("", "Azure autoscale", "Ebb");
        Add("frames done", f => $"{f.Completed} of {f.Frames}", f => f.Completed == f.Frames ? Tone.Good : Tone.Bad);
        Add("interrupted, done again", f => f.Interrupted.ToString(), f => f.Interrupted == 0 ? Tone.Good : Tone.Bad);
        Add("waiting, half of frames", f => Time(f.WaitP50Seconds));
        Add("waiting, 19 of 20 frames", f => Time(f.WaitP95Seconds));
        Add("machine-hours", f => f.MachineHours.ToString("0.0"));
        Add("cost", f => $"{f.Cost:0.00} {DemoFigures.Currency}");
        Add("machines at most", f => f.PeakMachines.ToString());
        Add("machines in the end", f => f.FinalMachines.ToString());
        Add("requests to the cloud", f => f.CloudRequests.ToString());
        return grid;

        void Add(string what, Func<DemoFigures, string> show, Func<DemoFigures, Tone>? tone = null) =>
            grid.Add(
                new Cell(what),
                new Cell(show(result.AzureAutoscale), tone?.Invoke(result.AzureAutoscale) ?? Tone.Plain),
                new Cell(show(result.Ebb), tone?.Invoke(result.Ebb) ?? Tone.Plain));
    }

    private static string Time(double seconds) =>
        seconds < 60 ? $"{seconds:0} s" : $"{Math.Floor(seconds / 60):0} min {seconds % 60:00} s";
}
