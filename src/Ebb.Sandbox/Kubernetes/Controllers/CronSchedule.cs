using System.Globalization;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>When a CronJob runs: five fields, or <c>@hourly</c> and its like.</summary>
internal sealed class CronSchedule
{
    private static readonly string[] Months =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

    private static readonly string[] Days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

    // A date such as the 29th of February comes round within this time, or never.
    private const int YearsLookedAhead = 5;

    private readonly bool[] _minutes;
    private readonly bool[] _hours;
    private readonly bool[] _daysOfMonth;
    private readonly bool[] _months;
    private readonly bool[] _daysOfWeek;
    private readonly bool _anyDayOfMonth;
    private readonly bool _anyDayOfWeek;
    private readonly TimeSpan? _every;
    private readonly TimeZoneInfo _zone;

    private CronSchedule(string[] fields, TimeZoneInfo zone)
    {
        _zone = zone;
        _minutes = Field(fields[0], 0, 59, []);
        _hours = Field(fields[1], 0, 23, []);
        _daysOfMonth = Field(fields[2], 1, 31, []);
        _months = Field(fields[3], 1, 12, Months);
        _daysOfWeek = Field(fields[4], 0, 7, Days);
        _daysOfWeek[0] |= _daysOfWeek[7];
        _anyDayOfMonth = fields[2].StartsWith('*') || fields[2].StartsWith('?');
        _anyDayOfWeek = fields[4].StartsWith('*') || fields[4].StartsWith('?');
    }

    private CronSchedule(TimeSpan every)
        : this(["*", "*", "*", "*", "*"], TimeZoneInfo.Utc) => _every = every;

    /// <summary>Null when it is no schedule, or the time zone is not known.</summary>
    public static CronSchedule? Parse(string? text, string? timeZone)
    {
        var zone = TimeZoneInfo.Utc;
        if (!string.IsNullOrEmpty(timeZone) && !TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out zone))
        {
            return null;
        }

        text = text?.Trim() ?? "";
        if (text.StartsWith("@every ", StringComparison.Ordinal))
        {
            return Kubelet.Shell.Durations.Parse(text[7..].Trim()) is { } every && every >= TimeSpan.FromSeconds(1)
                ? new CronSchedule(every)
                : null;
        }

        var fields = Named(text).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        try
        {
            return fields.Length == 5 ? new CronSchedule(fields, zone!) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>The first time after <paramref name="after"/>; null when there is none.</summary>
    public DateTimeOffset? Next(DateTimeOffset after)
    {
        if (_every is { } every)
        {
            return after + every;
        }

        var local = TimeZoneInfo.ConvertTime(after, _zone).DateTime;
        var at = new DateTime(local.Year, local.Month, local.Day, local.Hour, local.Minute, 0, DateTimeKind.Unspecified).AddMinutes(1);
        var end = at.AddYears(YearsLookedAhead);
        while (at < end)
        {
            if (!_months[at.Month])
            {
                at = new DateTime(at.Year, at.Month, 1, 0, 0, 0, DateTimeKind.Unspecified).AddMonths(1);
            }
            else if (!DayMatches(at))
            {
                at = at.Date.AddDays(1);
            }
            else if (!_hours[at.Hour])
            {
                at = at.Date.AddHours(at.Hour + 1);
            }
            else if (!_minutes[at.Minute] || _zone.IsInvalidTime(at))
            {
                at = at.AddMinutes(1);
            }
            else
            {
                return new DateTimeOffset(at, _zone.GetUtcOffset(at)).ToUniversalTime();
            }
        }

        return null;
    }

    /// <summary>When both day fields are restricted, either of them is enough.</summary>
    private bool DayMatches(DateTime at)
    {
        var (month, week) = (_daysOfMonth[at.Day], _daysOfWeek[(int)at.DayOfWeek]);
        return _anyDayOfMonth || _anyDayOfWeek ? month && week : month || week;
    }

    private static string Named(string text) => text switch
    {
        "@yearly" or "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" or "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => text,
    };

    private static bool[] Field(string text, int min, int max, string[] names)
    {
        var set = new bool[max + 1];
        foreach (var part in text.Split(','))
        {
            var slash = part.Split('/');
            if (slash.Length > 2)
            {
                throw new FormatException(part);
            }

            var step = slash.Length == 2 ? Number(slash[1], 1, int.MaxValue, [], 0) : 1;
            var (from, to) = Range(slash[0], min, max, names, openEnded: slash.Length == 2);
            for (long value = from; value <= to; value += step)
            {
                set[value] = true;
            }
        }

        return set;
    }

    private static (int From, int To) Range(string text, int min, int max, string[] names, bool openEnded)
    {
        if (text is "*" or "?")
        {
            return (min, max);
        }

        var dash = text.Split('-');
        var from = Number(dash[0], min, max, names, min);
        return dash.Length switch
        {
            1 => (from, openEnded ? max : from),
            2 => (from, Number(dash[1], from, max, names, min)),
            _ => throw new FormatException(text),
        };
    }

    private static int Number(string text, int min, int max, string[] names, int firstName)
    {
        var name = Array.FindIndex(names, n => n.Equals(text, StringComparison.OrdinalIgnoreCase));
        if (name >= 0)
        {
            return name + firstName;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
            : throw new FormatException(text);
    }
}
