using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>Reads a quantity as a number.</summary>
internal static class Amount
{
    /// <summary>Zero for what is none.</summary>
    public static double Read(JsonNode? quantity)
    {
        if (quantity is not JsonValue value)
        {
            return 0;
        }

        var text = value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();
        var end = text.Length;
        while (end > 0 && !char.IsAsciiDigit(text[end - 1]) && text[end - 1] != '.')
        {
            end--;
        }

        return double.TryParse(text.AsSpan(0, end), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number * Factor(text[end..]) : 0;
    }

    private static double Factor(string suffix) => suffix switch
    {
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024d,
        "Mi" => 1024d * 1024,
        "Gi" => 1024d * 1024 * 1024,
        "Ti" => 1024d * 1024 * 1024 * 1024,
        "Pi" => 1024d * 1024 * 1024 * 1024 * 1024,
        "Ei" => 1024d * 1024 * 1024 * 1024 * 1024 * 1024,
        _ => 1,
    };
}
