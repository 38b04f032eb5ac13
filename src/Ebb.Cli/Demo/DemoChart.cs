using Ebb.Simulation.Demo;
using Spectre.Console;

namespace Ebb.Cli.Demo;

/// <summary>Capacity as a line over demand as an area; the newest moment is at the right.</summary>
internal static class DemoChart
{
    private const string Eighths = " ▁▂▃▄▅▆▇█";

    /// <param name="samples">All so far, oldest first; those that fit are shown, <paramref name="perColumn"/> to a column.</param>
    /// <param name="top">How many machines the full height stands for.</param>
    public static Paragraph Draw(IReadOnlyList<DemoSample> samples, int width, int height, int top, int perColumn)
    {
        var columns = Columns(samples, width, perColumn);
        var chart = new Paragraph();
        for (var row = height - 1; row >= 0; row--)
        {
            for (var i = 0; i < columns.Count; i++)
            {
                var (shape, style) = Point(columns, i, row, height, top);
                chart.Append(shape.ToString(), style);
            }

            chart.Append("\n");
        }

        return chart;
    }

    private static List<(int Demand, int Capacity)> Columns(IReadOnlyList<DemoSample> samples, int width, int perColumn)
    {
        // Columns keep their samples while the chart moves, else everything would flicker.
        var last = (samples.Count - 1) / perColumn;
        var columns = new List<(int, int)>(width);
        for (var column = Math.Max(0, last - width + 1); column <= last; column++)
        {
            var from = column * perColumn;
            var to = Math.Min(from + perColumn, samples.Count);
            var demand = 0;
            var capacity = 0;
            for (var i = from; i < to; i++)
            {
                demand = Math.Max(demand, samples[i].Demand);
                capacity = Math.Max(capacity, samples[i].Capacity);
            }

            columns.Add((demand, capacity));
        }

        return columns;
    }

    private static (char Shape, Style Style) Point(
        List<(int Demand, int Capacity)> columns, int column, int row, int height, int top)
    {
        var line = RowOf(columns[column].Capacity, height, top);
        var before = column == 0 ? line : RowOf(columns[column - 1].Capacity, height, top);
        if (row == line)
        {
            return (before == line ? '─' : before < line ? '┌' : '└', DemoColours.Capacity);
        }

        if (row == before)
        {
            return (before < line ? '┘' : '┐', DemoColours.Capacity);
        }

        if (row > Math.Min(line, before) && row < Math.Max(line, before))
        {
            return ('│', DemoColours.Capacity);
        }

        var filled = ((double)columns[column].Demand * height / top) - row;
        return (Eighths[(int)Math.Clamp(Math.Round(filled * 8), 0, 8)], DemoColours.Demand);
    }

    private static int RowOf(int machines, int height, int top) => Math.Clamp(((machines * height) - 1) / top, 0, height - 1);
}
