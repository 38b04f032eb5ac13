using System.Collections.Immutable;
using System.Text;
using Ebb.Cli.Definition.Shapes;

namespace Ebb.Cli.Definition;

/// <summary>The keys as Markdown: one table for each section, which docs/ebb-yaml.md holds word for word.</summary>
internal static class KeyTables
{
    public static string Text()
    {
        var text = new StringBuilder();
        Write("The file", "", Keys.Cluster.Rows, text);
        return text.ToString();
    }

    private static void Write(string title, string about, ImmutableArray<Row> rows, StringBuilder text)
    {
        text.Append("### ").Append(title).Append("\n\n");
        if (about.Length > 0)
        {
            text.Append(about).Append("\n\n");
        }

        text.Append("| key | what | default | example |\n|---|---|---|---|\n");
        foreach (var row in rows)
        {
            text.Append($"| `{row.Name}` | {Cell(What(row))} | {Default(row)} | {(row.Within.IsEmpty ? $"`{Cell(row.Example)}`" : "")} |\n");
        }

        text.Append('\n');
        foreach (var row in rows.Where(r => !r.Within.IsEmpty))
        {
            var path = title == "The file" ? "" : title.Trim('`') + ".";
            Write($"`{path}{row.Name}{(row.IsList ? "[]" : "")}`", "", row.Within, text);
        }
    }

    private static string What(Row row) => row.Within.IsEmpty ? $"{row.About} *{Sentence(row.Values)}*" : $"{row.About} See below.";

    private static string Default(Row row) =>
        row.Required ? "**must be given**"
        : row.Default.Length == 0 ? ""
        : row.Default.Contains(' ', StringComparison.Ordinal) && !row.Default.StartsWith('[') && !row.Default.StartsWith('{') ? Cell(row.Default)
        : $"`{row.Default}`";

    private static string Sentence(string values) => $"{char.ToUpperInvariant(values[0])}{values[1..]}.";

    // A bar would end the cell.
    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
