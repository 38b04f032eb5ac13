using Ebb.Simulation.Demo;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Ebb.Cli.Demo;

/// <summary>Both farms at the same virtual instant, side by side or, on a narrow terminal, one above the other.</summary>
internal sealed class DemoView(int width, int frames)
{
    private const int ChartHeight = 9;

    // About an hour of the farm's time is on the screen at once.
    private const int SamplesPerColumn = 4;

    private const int SideBySideFrom = 100;

    private readonly List<DemoSample> _azure = [];
    private readonly List<DemoSample> _ebb = [];
    private int _top = 4;
    private int _cellRows = 1;

    public void Add(DemoSample sample)
    {
        (sample.Side is DemoSide.Ebb ? _ebb : _azure).Add(sample);
        _top = Math.Max(_top, Math.Max(sample.Capacity, sample.Demand) + 1);
    }

    public IRenderable Frame()
    {
        var columns = width >= SideBySideFrom ? 2 : 1;
        var inner = Math.Min((width / columns) - 4, 76);
        _cellRows = Math.Max(_cellRows, ((_top - 1) + inner - 1) / inner);
        var panels = new[]
        {
            Panel("Azure autoscale, by CPU", _azure, inner),
            Panel("Ebb", _ebb, inner),
        };
        IRenderable farms = columns == 2 ? new Columns(panels) { Expand = false, Padding = new Padding(0, 0, 0, 0) } : new Rows(panels);
        return new Rows(farms, Legend());
    }

    private Panel Panel(string title, List<DemoSample> samples, int inner)
    {
        var content = samples.Count == 0
            ? [new Text(string.Concat(Enumerable.Repeat('\n', ChartHeight + _cellRows + 3)))]
            : new IRenderable[]
            {
                DemoChart.Draw(samples, inner, ChartHeight, _top, SamplesPerColumn),
                Cells(samples[^1], inner),
                Figures(samples[^1]),
            };
        return new Panel(new Rows(content))
        {
            Header = new PanelHeader($" {title} "),
            Border = BoxBorder.Rounded,
            Width = inner + 4,
        };
    }

    private Paragraph Cells(DemoSample now, int inner)
    {
        var cells = new Paragraph();
        for (var i = 0; i < inner * _cellRows; i++)
        {
            if (i > 0 && i % inner == 0)
            {
                cells.Append("\n");
            }

            if (i < now.Machines.Length)
            {
                var (shape, style) = DemoColours.Cell(now.Machines[i].State);
                cells.Append(shape.ToString(), style);
            }
        }

        return cells;
    }

    private Paragraph Figures(DemoSample now)
    {
        var clock = $"{(int)now.At.TotalHours}:{now.At.Minutes:00}";
        return new Paragraph()
            .Append($"\n{clock}  {now.Capacity} machines  {now.FramesDone}/{frames} frames  {now.FramesWaiting} waiting\n")
            .Append($"{now.Interrupted} interrupted", now.Interrupted == 0 ? DemoColours.Good : DemoColours.Bad)
            .Append($"  {now.Cost:0.00} {DemoFigures.Currency}");
    }

    private static Paragraph Legend()
    {
        var legend = new Paragraph().Append(" ─", DemoColours.Capacity).Append(" capacity  ")
            .Append("█", DemoColours.Demand).Append(" demand    machines: ");
        foreach (var state in Enum.GetValues<DemoMachineState>())
        {
            var (shape, style) = DemoColours.Cell(state);
            legend.Append(shape.ToString(), style).Append($" {state.ToString().ToLowerInvariant()}  ");
        }

        return legend;
    }
}
