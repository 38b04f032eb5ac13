using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates.Reading;

namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>Base64, URIs and JSON text.</summary>
internal static class EncodingFunctions
{
    public static IEnumerable<Function> All { get; } =
    [
        new("base64", 1, 1, a => Convert.ToBase64String(Encoding.UTF8.GetBytes(a.Text(0)))),
        new("base64ToString", 1, 1, a => FromBase64(a, a.Text(0))),
        new("base64ToJson", 1, 1, a => Json(a, FromBase64(a, a.Text(0)))),
        new("json", 1, 1, a => Json(a, a.Text(0))),
        new("dataUri", 1, 1, a => "data:text/plain;charset=utf8;base64," + Convert.ToBase64String(Encoding.UTF8.GetBytes(TextFunctions.Scalar(a, 0)))),
        new("dataUriToString", 1, 1, a => FromDataUri(a)),
        new("uri", 2, 2, a => Combine(a)),
        new("uriComponent", 1, 1, a => Uri.EscapeDataString(a.Text(0))),
        new("uriComponentToString", 1, 1, a => Uri.UnescapeDataString(a.Text(0))),
    ];

    private static JsonNode? Json(Arguments a, string text)
    {
        a.Take(text.Length);
        try
        {
            return JsonSource.Read(text).Root;
        }
        catch (TemplateException e)
        {
            throw a.Wrong($"the string is no JSON: {e.Message}");
        }
    }

    private static string FromBase64(Arguments a, string text)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(text));
        }
        catch (FormatException)
        {
            throw a.Wrong("the string is not encoded in base64");
        }
    }

    private static string FromDataUri(Arguments a)
    {
        var text = a.Text(0);
        var comma = text.IndexOf(',');
        if (!text.StartsWith("data:", StringComparison.OrdinalIgnoreCase) || comma < 0)
        {
            throw a.Wrong("the string is no data URI");
        }

        return text[..comma].EndsWith(";base64", StringComparison.OrdinalIgnoreCase)
            ? FromBase64(a, text[(comma + 1)..])
            : Uri.UnescapeDataString(text[(comma + 1)..]);
    }

    private static string Combine(Arguments a)
    {
        if (!Uri.TryCreate(a.Text(0), UriKind.Absolute, out var start))
        {
            throw a.Wrong($"the base '{a.Text(0)}' is no absolute URI");
        }

        return Uri.TryCreate(start, a.Text(1), out var whole)
            ? whole.AbsoluteUri
            : throw a.Wrong($"'{a.Text(1)}' is no relative URI");
    }
}
