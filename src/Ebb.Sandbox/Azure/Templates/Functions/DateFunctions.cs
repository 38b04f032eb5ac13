using System.Globalization;
using System.Text.RegularExpressions;

namespace Ebb.Sandbox.Azure.Templates.Functions;

/// <summary>Dates and durations.</summary>
internal static partial class DateFunctions
{
    public static IEnumerable<Function> All { get; } =
    [
        new("utcNow", 0, 1, a => Written(a, a.Surroundings.Now, a.Count > 0 ? a.Text(0) : "yyyyMMddTHHmmssZ")) { Needs = Uses.Fresh },
        new("dateTimeAdd", 2, 3, a => Written(a, Add(a), a.Count > 2 ? a.Text(2) : "M/d/yyyy h:mm:ss tt")),
        new("dateTimeFromEpoch", 1, 1, a => FromEpoch(a)),
        new("dateTimeToEpoch", 1, 1, a => Read(a, 0).ToUnixTimeSeconds()),
    ];

    private static string Written(Arguments a, DateTimeOffset value, string format)
    {
        try
        {
            return value.UtcDateTime.ToString(format, CultureInfo.InvariantCulture);
        }
        catch (FormatException)
        {
            throw a.Wrong($"the format '{format}' is not valid");
        }
    }

    private static DateTimeOffset Read(Arguments a, int i) =>
        DateTimeOffset.TryParse(a.Text(i), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var value)
        || DateTimeOffset.TryParseExact(a.Text(i), "yyyyMMddTHHmmssZ", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out value)
            ? value
            : throw a.Wrong($"'{a.Text(i)}' is no date and time");

    private static DateTimeOffset Add(Arguments a)
    {
        var match = Iso().Match(a.Text(1));
        if (!match.Success || a.Text(1).EndsWith('P') || a.Text(1).EndsWith('T'))
        {
            throw a.Wrong($"'{a.Text(1)}' is no duration of ISO 8601");
        }

        var sign = match.Groups["sign"].Length > 0 ? -1 : 1;
        int Part(string name) => match.Groups[name].Length == 0 ? 0 : sign * int.Parse(match.Groups[name].Value, CultureInfo.InvariantCulture);
        try
        {
            return Read(a, 0)
                .AddYears(Part("years")).AddMonths(Part("months")).AddDays((7 * Part("weeks")) + Part("days"))
                .AddHours(Part("hours")).AddMinutes(Part("minutes")).AddSeconds(Part("seconds"));
        }
        catch (ArgumentOutOfRangeException)
        {
            throw a.Wrong("the result is no date");
        }
    }

    private static string FromEpoch(Arguments a)
    {
        try
        {
            return Written(a, DateTimeOffset.FromUnixTimeSeconds(a.Whole(0)), "yyyy-MM-ddTHH:mm:ssZ");
        }
        catch (ArgumentOutOfRangeException)
        {
            throw a.Wrong("the result is no date");
        }
    }

    [GeneratedRegex(@"^(?<sign>-)?P(?:(?<years>\d{1,6})Y)?(?:(?<months>\d{1,6})M)?(?:(?<weeks>\d{1,6})W)?(?:(?<days>\d{1,6})D)?(?:T(?:(?<hours>\d{1,8})H)?(?:(?<minutes>\d{1,8})M)?(?:(?<seconds>\d{1,8})S)?)?\z")]
    private static partial Regex Iso();
}
