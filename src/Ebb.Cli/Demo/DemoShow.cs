using System.Threading.Channels;
using Ebb.Cli.Output;
using Ebb.Simulation.Demo;
using Spectre.Console;

namespace Ebb.Cli.Demo;

/// <summary>Runs both farms in step and shows them.</summary>
internal sealed class DemoShow(Terminal terminal, TimeProvider time, DemoOptions options, double speed)
{
    private const int FramesPerSecond = 12;

    // The farm's time that passes in a second of ours, at speed 1.
    private static readonly TimeSpan PerSecond = TimeSpan.FromMinutes(3);

    // At speed 1 no show is longer than this: a long day passes faster.
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(32);

    private static readonly TimeSpan TellEvery = TimeSpan.FromMinutes(10);

    // The picture shows the day when most frames are done: the farm shrinks while some still render.
    private const double PictureAt = 0.8;

    private const int PictureWidth = 120;

    private readonly List<DemoSample[]> _day = [];

    /// <summary>With a live view.</summary>
    public async Task<DemoComparison> PlayAsync(CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var samples = Channel.CreateBounded<DemoSample[]>(new BoundedChannelOptions(20_000) { SingleReader = true, SingleWriter = true });
        var running = Task.Run(
            async () =>
            {
                try
                {
                    var result = await RunAsync(pair => samples.Writer.WriteAsync(pair, stop.Token), stop.Token);
                    samples.Writer.Complete();
                    return result;
                }
                catch (Exception e)
                {
                    samples.Writer.Complete(e);
                    throw;
                }
            },
            stop.Token);
        try
        {
            await PlayAsync(samples.Reader, ct);
        }
        finally
        {
            await stop.CancelAsync();
        }

        return await running;
    }

    /// <summary>A few lines while it runs; for pipes, files and <c>--json</c>.</summary>
    public Task<DemoComparison> ReportAsync(CancellationToken ct)
    {
        var told = TimeSpan.Zero;
        return RunAsync(
            pair =>
            {
                if (pair[0].At >= told + TellEvery)
                {
                    told = pair[0].At;
                    terminal.Say($"{told:h\\:mm}  " + string.Join("   ", pair.Select(s =>
                        $"{(s.Side is DemoSide.Ebb ? "Ebb" : "Azure autoscale")}: {s.Capacity} machines, {s.FramesDone}/{options.Frames} frames, {s.Interrupted} interrupted")));
                }

                return ValueTask.CompletedTask;
            },
            ct);
    }

    /// <summary>The view at one moment of the run that has ended, and the table under it, as SVG.</summary>
    public string Picture(DemoComparison result)
    {
        var view = new DemoView(PictureWidth, options.Frames);
        foreach (var sample in _day.TakeWhile(pair => pair.Any(s => s.FramesDone < options.Frames * PictureAt)).SelectMany(pair => pair))
        {
            view.Add(sample);
        }

        return SvgPicture.Draw(new Rows(view.Frame(), Text.Empty, DemoTable.Of(result).AsTable()), PictureWidth);
    }

    private async Task PlayAsync(ChannelReader<DemoSample[]> samples, CancellationToken ct)
    {
        var view = new DemoView(terminal.Console.Profile.Width, options.Frames);
        var perFrame = Math.Max(1, PerSecond / DemoRun.SampleEvery / FramesPerSecond * speed);
        var lastFrame = (int)(AtMost.TotalSeconds * FramesPerSecond / speed);
        var due = 0.0;
        await terminal.Console.Live(view.Frame()).AutoClear(true).StartAsync(async live =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / FramesPerSecond), time);
            for (var frame = 0; await timer.WaitForNextTickAsync(ct); frame++)
            {
                // Once all of it has been worked out, what is left is spread over the time that is left.
                var left = samples.Completion.IsCompleted || !samples.CanCount ? 0 : samples.Count;
                due += Math.Max(perFrame, (double)left / Math.Max(1, lastFrame - frame));
                for (; due >= 1; due--)
                {
                    if (samples.TryRead(out var pair))
                    {
                        Array.ForEach(pair, view.Add);
                    }
                    else if (samples.Completion.IsCompleted)
                    {
                        live.UpdateTarget(view.Frame());
                        await samples.Completion;
                        return;
                    }
                }

                live.UpdateTarget(view.Frame());
            }
        });
    }

    // Both in turns on one thread, a sample of each at a time: so they stay at the same virtual instant.
    private async Task<DemoComparison> RunAsync(Func<DemoSample[], ValueTask> show, CancellationToken ct)
    {
        using var azure = new DemoRun(options, DemoSide.AzureAutoscale);
        using var ebb = new DemoRun(options, DemoSide.Ebb);
        using var azureSamples = azure.Run().GetEnumerator();
        using var ebbSamples = ebb.Run().GetEnumerator();
        var more = (Azure: true, Ebb: true);
        while (true)
        {
            ct.ThrowIfCancellationRequested();
            more.Azure = more.Azure && azureSamples.MoveNext();
            more.Ebb = more.Ebb && ebbSamples.MoveNext();
            DemoSample[] pair = [.. more.Azure ? [azureSamples.Current] : Array.Empty<DemoSample>(), .. more.Ebb ? [ebbSamples.Current] : Array.Empty<DemoSample>()];
            if (pair.Length == 0)
            {
                return new DemoComparison(azure.Figures, ebb.Figures);
            }

            _day.Add(pair);
            await show(pair);
        }
    }
}
