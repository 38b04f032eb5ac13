using System.Globalization;
using System.Security;
using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Ebb.Cli.Output;

/// <summary>Draws what a terminal would show as an SVG file: text in rectangles' colours, no script, no font inside.</summary>
internal static class SvgPicture
{
    private const double CellWidth = 8.4;

    private const double LineHeight = 17;

    private const double Margin = 16;

    public static string Draw(IRenderable content, int columns)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.TrueColor,
            Out = new AnsiConsoleOutput(TextWriter.Null),
        });
        console.Profile.Capabilities.Unicode = true;
        console.Profile.Width = columns;
        var segments = content.Render(RenderOptions.Create(console, console.Profile.Capabilities), columns);
        var text = new StringBuilder();
        var x = 0;
        var y = 0;
        foreach (var segment in Joined(segments))
        {
            foreach (var (part, index) in segment.Text.ReplaceLineEndings("\n").Split('\n').Select((p, i) => (p, i)))
            {
                if (index > 0)
                {
                    x = 0;
                    y++;
                }

                Append(text, part, segment.Style, x, y);
                x += part.Length;
            }
        }

        var width = Number((columns * CellWidth) + (2 * Margin));
        var height = Number(((y + 1) * LineHeight) + (2 * Margin));
        return $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">
            <rect width="100%" height="100%" rx="8" fill="#1b1f27"/>
            <g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="#d7dae0" xml:space="preserve">
            {text}</g>
            </svg>

            """;
    }

    /// <summary>Neighbours of one style in one.</summary>
    private static IEnumerable<Segment> Joined(IEnumerable<Segment> segments)
    {
        Segment? last = null;
        foreach (var segment in segments.Where(s => !s.IsControlCode))
        {
            if (last is not null && last.Style.Equals(segment.Style))
            {
                last = new Segment(last.Text + segment.Text, last.Style);
                continue;
            }

            if (last is not null)
            {
                yield return last;
            }

            last = segment;
        }

        if (last is not null)
        {
            yield return last;
        }
    }

    // Each run of text is stretched to its cells: whatever the font, columns stay under each other.
    private static void Append(StringBuilder text, string part, Style style, int x, int y)
    {
        var trimmed = part.TrimStart(' ');
        x += part.Length - trimmed.Length;
        trimmed = trimmed.TrimEnd(' ');
        if (trimmed.Length == 0)
        {
            return;
        }

        var colour = style.Foreground.Equals(Color.Default) ? "" : $" fill=\"#{style.Foreground.ToHex()}\"";
        var weight = style.Decoration.HasFlag(Decoration.Bold) ? " font-weight=\"bold\"" : "";
        text.Append(
            CultureInfo.InvariantCulture,
            $"""<text x="{Number(Margin + (x * CellWidth))}" y="{Number(Margin + ((y + 0.8) * LineHeight))}" textLength="{Number(trimmed.Length * CellWidth)}" lengthAdjust="spacingAndGlyphs"{colour}{weight}>{SecurityElement.Escape(trimmed)}</text>""");
        text.Append('\n');
    }

    private static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
