using System.Collections.Immutable;

namespace Ebb.Sandbox.Cloud;

/// <summary>The profile in force: bounds and rules.</summary>
public sealed record AutoscaleProfile
{
    public required string Name { get; init; }

    public required int Minimum { get; init; }

    public required int Maximum { get; init; }

    /// <summary>The least count while there are no metrics.</summary>
    public required int Default { get; init; }

    public ImmutableArray<AutoscaleRule> Rules { get; init; } = [];

    /// <summary>In force between these; null: not tied to dates.</summary>
    public (DateTimeOffset Start, DateTimeOffset End)? Dates { get; init; }

    /// <summary>In force from each of these moments of the week until another profile begins; null: not recurring.</summary>
    public WeeklyStart? Weekly { get; init; }
}

public sealed record WeeklyStart(TimeZoneInfo Zone, ImmutableArray<DayOfWeek> Days, TimeOnly At)
{
    /// <summary>The last start at or before <paramref name="now"/>; null when there is no day.</summary>
    internal DateTimeOffset? Last(DateTimeOffset now)
    {
        var local = TimeZoneInfo.ConvertTime(now, Zone);
        for (var back = 0; back <= 7; back++)
        {
            var start = local.Date.AddDays(-back) + At.ToTimeSpan();
            if (Days.Contains(start.DayOfWeek) && start <= local.DateTime)
            {
                return new DateTimeOffset(start, Zone.GetUtcOffset(start));
            }
        }

        return null;
    }
}

public sealed record AutoscaleRule
{
    /// <summary>How the machines' values of one minute become one.</summary>
    public required Combine Statistic { get; init; }

    /// <summary>How the window's minutes become one value.</summary>
    public required Combine Over { get; init; }

    public required TimeSpan Window { get; init; }

    public required Comparison Operator { get; init; }

    public required double Threshold { get; init; }

    public bool DividePerInstance { get; init; }

    /// <summary>Machines whose values count; empty: all. <see cref="ExceptMachines"/> turns it round.</summary>
    public ImmutableArray<string> Machines { get; init; } = [];

    public bool ExceptMachines { get; init; }

    /// <summary>+1 out, -1 in, 0 nothing.</summary>
    public required int Direction { get; init; }

    public required ScaleBy Type { get; init; }

    public required int Value { get; init; }

    /// <summary>How long after the last scaling this one may act.</summary>
    public required TimeSpan Cooldown { get; init; }
}

public enum Combine
{
    Average,
    Min,
    Max,
    Sum,
    Count,
    Last,
}

public enum Comparison
{
    Equals,
    NotEquals,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
}

public enum ScaleBy
{
    ChangeCount,
    PercentChangeCount,
    ExactCount,
}

/// <param name="At">End of the minute.</param>
/// <param name="ByMachine">Percent of one machine's CPUs, by instance name.</param>
public sealed record CpuSample(DateTimeOffset At, ImmutableArray<(string Machine, double Percent)> ByMachine);

/// <summary>What the cloud's own autoscale does: thresholds on a metric, blind to what the machines run.</summary>
internal static class Autoscale
{
    /// <summary>Dates come before recurrences, those before the profile with neither; of recurrences, the last to begin.</summary>
    public static AutoscaleProfile? InForce(IReadOnlyList<AutoscaleProfile> profiles, DateTimeOffset now) =>
        profiles.FirstOrDefault(p => p.Dates is { } dates && dates.Start <= now && now < dates.End)
        ?? profiles.Where(p => p.Dates is null && p.Weekly?.Last(now) is not null).MaxBy(p => p.Weekly!.Last(now))
        ?? profiles.FirstOrDefault(p => p.Dates is null && p.Weekly is null);

    /// <summary>The count to have now.</summary>
    public static int Decide(AutoscaleProfile profile, int current, IReadOnlyList<CpuSample> samples, DateTimeOffset? lastScaled, DateTimeOffset now)
    {
        // Outside its bounds no rule is asked.
        if (current < profile.Minimum || current > profile.Maximum)
        {
            return Math.Clamp(current, profile.Minimum, profile.Maximum);
        }

        var rules = profile.Rules.Select(r => (Rule: r, Value: Measure(r, samples, current, now))).ToList();
        if (rules.Exists(r => r.Value is null))
        {
            return Math.Max(current, Math.Min(profile.Default, profile.Maximum));
        }

        var outRules = rules.Where(r => r.Rule.Direction > 0).ToList();
        var firing = outRules.Where(r => Fires(r.Rule, r.Value!.Value) && Cool(r.Rule)).ToList();
        if (firing.Count > 0)
        {
            return Math.Min(profile.Maximum, firing.Max(r => Target(r.Rule, current)));
        }

        var inRules = rules.Where(r => r.Rule.Direction < 0).ToList();
        if (inRules.Count == 0 || !inRules.TrueForAll(r => Fires(r.Rule, r.Value!.Value) && Cool(r.Rule)))
        {
            return current;
        }

        var target = Math.Max(profile.Minimum, inRules.Max(r => Target(r.Rule, current)));

        // Against flapping: the load is spread over fewer machines in thought, and if that would scale out again, nothing is done.
        var flaps = target > 0 && outRules.Exists(r => Fires(r.Rule, r.Value!.Value * current / target));
        return flaps ? current : target;

        bool Cool(AutoscaleRule rule) => lastScaled is null || now - lastScaled.Value >= rule.Cooldown;
    }

    private static int Target(AutoscaleRule rule, int current) => rule.Type switch
    {
        ScaleBy.ExactCount => rule.Value,
        ScaleBy.PercentChangeCount => current + (rule.Direction * Math.Max(1, (int)Math.Ceiling(current * rule.Value / 100.0))),
        _ => current + (rule.Direction * rule.Value),
    };

    private static double? Measure(AutoscaleRule rule, IReadOnlyList<CpuSample> samples, int machines, DateTimeOffset now)
    {
        var minutes = new List<double>();
        foreach (var sample in samples)
        {
            if (sample.At <= now - rule.Window || sample.At > now)
            {
                continue;
            }

            var values = sample.ByMachine
                .Where(m => rule.Machines.Length == 0 || rule.Machines.Contains(m.Machine) != rule.ExceptMachines)
                .Select(m => m.Percent)
                .ToList();
            if (values.Count > 0)
            {
                minutes.Add(Fold(values, rule.Statistic));
            }
        }

        if (minutes.Count == 0)
        {
            return null;
        }

        var value = Fold(minutes, rule.Over);
        return rule.DividePerInstance && machines > 0 ? value / machines : value;
    }

    internal static double Fold(IReadOnlyList<double> values, Combine how) => how switch
    {
        Combine.Min => values.Min(),
        Combine.Max => values.Max(),
        Combine.Sum => values.Sum(),
        Combine.Count => values.Count,
        Combine.Last => values[^1],
        _ => values.Average(),
    };

    private static bool Fires(AutoscaleRule rule, double value) => rule.Operator switch
    {
        Comparison.Equals => value == rule.Threshold,
        Comparison.NotEquals => value != rule.Threshold,
        Comparison.GreaterThan => value > rule.Threshold,
        Comparison.GreaterThanOrEqual => value >= rule.Threshold,
        Comparison.LessThan => value < rule.Threshold,
        _ => value <= rule.Threshold,
    };
}
