using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace Ebb.Sandbox.Kubernetes.Views;

/// <summary>Writes amounts as the real server does: the shortest way in the family of suffixes that they came in.</summary>
internal static partial class QuantityText
{
    private const string Binary = "KMGTPE";
    private const int Thousandths = 3;
    private const int SmallestExponent = -9;
    private static readonly string[] Decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

    /// <summary>The same amount in its shortest form; what is no amount stays as it is.</summary>
    public static string Shortest(string text)
    {
        var match = Parts().Match(text);
        if (!match.Success)
        {
            return text;
        }

        var fraction = match.Groups["fraction"].Value;
        var number = BigInteger.Parse("0" + match.Groups["whole"].Value + fraction, CultureInfo.InvariantCulture);
        var exponent = -fraction.Length;
        var negative = match.Groups["sign"].Value == "-";
        var suffix = match.Groups["suffix"].Value;
        if (suffix.EndsWith('i'))
        {
            number *= BigInteger.Pow(1024, Binary.IndexOf(suffix[0], StringComparison.Ordinal) + 1);
            return Sign(negative, InBinary(RoundedUp(number, exponent)));
        }

        var scientific = suffix.Length > 1;
        exponent += scientific
            ? int.Parse(suffix.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)
            : (Array.IndexOf(Decimal, suffix) * Thousandths) + SmallestExponent;
        return Sign(negative, InDecimal(number, exponent, scientific));
    }

    private static string InBinary(BigInteger number)
    {
        if (number < 1024)
        {
            return InDecimal(number, 0, scientific: false);
        }

        var power = 0;
        while (power < Binary.Length && number % 1024 == 0)
        {
            number /= 1024;
            power++;
        }

        return power == 0 ? number.ToString(CultureInfo.InvariantCulture) : $"{number}{Binary[power - 1]}i";
    }

    private static string InDecimal(BigInteger number, int exponent, bool scientific)
    {
        if (number.IsZero)
        {
            return "0";
        }

        if (exponent < SmallestExponent)
        {
            number = RoundedUp(number, exponent - SmallestExponent);
            exponent = SmallestExponent;
        }

        while (number % 10 == 0)
        {
            number /= 10;
            exponent++;
        }

        while (exponent % Thousandths != 0 || exponent > 18)
        {
            number *= 10;
            exponent--;
        }

        return scientific
            ? exponent == 0 ? number.ToString(CultureInfo.InvariantCulture) : $"{number}e{exponent}"
            : number + Decimal[(exponent - SmallestExponent) / Thousandths];
    }

    private static BigInteger RoundedUp(BigInteger number, int exponent)
    {
        if (exponent >= 0)
        {
            return number * BigInteger.Pow(10, exponent);
        }

        var whole = BigInteger.DivRem(number, BigInteger.Pow(10, -exponent), out var rest);
        return rest.IsZero ? whole : whole + 1;
    }

    private static string Sign(bool negative, string text) => negative && text != "0" ? "-" + text : text;

    // Exponents of three digits and more stand for nothing that a machine has, and would take all its memory to write.
    [GeneratedRegex(@"^(?<sign>[+-]?)(?<whole>[0-9]*)(\.(?<fraction>[0-9]*))?(?<suffix>[eE][+-]?[0-9]{1,2}|[KMGTPE]i|[numkMGTPE]?)\z")]
    private static partial Regex Parts();
}
