using System.Text;

namespace Ebb.Cli.Definition.Source;

/// <summary>Text of others as it may stand in a message: short, on one line, nothing that moves a cursor.</summary>
internal static class Shown
{
    public static string Of(string text, int most = 60)
    {
        var shown = new StringBuilder();
        foreach (var c in text)
        {
            if (shown.Length >= most)
            {
                return shown.Append('…').ToString();
            }

            shown.Append(c switch
            {
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when char.IsControl(c) || char.IsSurrogate(c) => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }

        return shown.ToString();
    }
}
