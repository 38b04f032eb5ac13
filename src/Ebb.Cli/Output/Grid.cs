using Spectre.Console;

namespace Ebb.Cli.Output;

/// <summary>Rows under headings: a table on a terminal, aligned text in a pipe.</summary>
internal sealed class Grid(params string[] headings)
{
    private readonly List<Cell[]> _rows = [];

    public void Add(params Cell[] cells) => _rows.Add(cells);

    public void Print(Terminal terminal)
    {
        if (terminal.Rich)
        {
            terminal.Console.Write(AsTable());
            return;
        }

        foreach (var line in AsText())
        {
            terminal.Print(line);
        }
    }

    public Table AsTable()
    {
        var table = new Table { Border = TableBorder.Rounded, BorderStyle = Tones.Style(Tone.Quiet) };
        foreach (var heading in headings)
        {
            table.AddColumn(new TableColumn(new Text(heading, new Style(decoration: Decoration.Bold))));
        }

        foreach (var row in _rows)
        {
            table.AddRow(row.Select(cell => new Text(cell.Text, Tones.Style(cell.Tone))));
        }

        return table;
    }

    public IEnumerable<string> AsText()
    {
        var lines = new List<string[]>();
        if (headings.Any(h => h.Length > 0))
        {
            lines.Add([.. headings.Select(h => h.ToUpperInvariant())]);
        }

        lines.AddRange(_rows.Select(row => row.Select(cell => cell.Text).ToArray()));
        var widths = headings.Select((_, i) => lines.Count == 0 ? 0 : lines.Max(line => line[i].Length)).ToArray();
        return lines.Select(line => string.Join("  ", line.Select((text, i) => text.PadRight(widths[i]))).TrimEnd());
    }
}

internal readonly record struct Cell(string Text, Tone Tone = Tone.Plain);

/// <summary>What a colour is to say.</summary>
internal enum Tone
{
    Plain,
    Good,
    Warn,
    Bad,
    Quiet,
}

internal static class Tones
{
    public static Style Style(Tone tone) => tone switch
    {
        Tone.Good => new Style(Color.Green),
        Tone.Warn => new Style(Color.Yellow),
        Tone.Bad => new Style(Color.Red),
        Tone.Quiet => new Style(Color.Grey),
        _ => Spectre.Console.Style.Plain,
    };
}
