using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml;
using static Ebb.Sandbox.Cloud.JsonRead;

namespace Ebb.Sandbox.Cloud;

/// <summary>An autoscale setting as it was put.</summary>
public sealed record AutoscaleSetting
{
    public required string SubscriptionId { get; init; }

    public required string Group { get; init; }

    public required string Name { get; init; }

    /// <summary>The whole body. Frozen: clone before changing.</summary>
    public required JsonObject Model { get; init; }

    public required bool Enabled { get; init; }

    public required string TargetResourceId { get; init; }

    public required ImmutableArray<AutoscaleProfile> Profiles { get; init; }

    /// <summary>When it last changed its target's capacity.</summary>
    public DateTimeOffset? LastScaledAt { get; init; }

    /// <summary>Whether the call that returned this made it.</summary>
    public bool Created { get; init; }

    public string ResourceId => $"/subscriptions/{SubscriptionId}/resourceGroups/{Group}/providers/microsoft.insights/autoscalesettings/{Name}";

    /// <summary>Scales by average CPU, as the portal sets it up: one rule out, one rule in, default times.</summary>
    public static JsonObject ByCpu(string targetResourceId, int minimum, int maximum, double outAbove = 70, double inBelow = 30, int step = 1)
    {
        JsonObject Rule(string direction, string op, double threshold) => new()
        {
            ["metricTrigger"] = new JsonObject
            {
                ["metricName"] = "Percentage CPU",
                ["metricResourceUri"] = targetResourceId,
                ["timeGrain"] = "PT1M",
                ["statistic"] = "Average",
                ["timeWindow"] = "PT5M",
                ["timeAggregation"] = "Average",
                ["operator"] = op,
                ["threshold"] = threshold,
            },
            ["scaleAction"] = new JsonObject
            {
                ["direction"] = direction,
                ["type"] = "ChangeCount",
                ["value"] = step.ToString(),
                ["cooldown"] = "PT5M",
            },
        };

        return new JsonObject
        {
            ["location"] = "eastus",
            ["properties"] = new JsonObject
            {
                ["enabled"] = true,
                ["targetResourceUri"] = targetResourceId,
                ["profiles"] = new JsonArray(new JsonObject
                {
                    ["name"] = "default",
                    ["capacity"] = new JsonObject
                    {
                        ["minimum"] = minimum.ToString(),
                        ["maximum"] = maximum.ToString(),
                        ["default"] = minimum.ToString(),
                    },
                    ["rules"] = new JsonArray(Rule("Increase", "GreaterThan", outAbove), Rule("Decrease", "LessThan", inBelow)),
                }),
            },
        };
    }

    internal static Outcome<AutoscaleSetting> Read(string subscription, string group, string name, JsonObject model)
    {
        try
        {
            var properties = JsonRead.Object(model, "properties") ?? throw Bad("properties", "is missing");
            var profiles = Items(properties, "profiles").Select(ReadProfile).ToImmutableArray();
            if (profiles.Length is 0 or > 20)
            {
                throw Bad("profiles", $"has {profiles.Length} entries; it must have 1 to 20");
            }

            return new AutoscaleSetting
            {
                SubscriptionId = subscription,
                Group = group,
                Name = name,
                Model = model,
                Enabled = Bool(properties, "enabled") ?? true,
                TargetResourceId = OptionalText(properties, "targetResourceUri") ?? throw Bad("targetResourceUri", "is missing"),
                Profiles = profiles,
            };
        }
        catch (ModelException e)
        {
            return e.Error;
        }
    }

    private static AutoscaleProfile ReadProfile(JsonObject profile)
    {
        var capacity = JsonRead.Object(profile, "capacity") ?? throw Bad("capacity", "is missing");
        var rules = Items(profile, "rules").Select(ReadRule).ToImmutableArray();
        if (rules.Length > 10)
        {
            throw Bad("rules", $"has {rules.Length} entries; it may have 10");
        }

        var read = new AutoscaleProfile
        {
            Name = OptionalText(profile, "name") ?? throw Bad("profiles.name", "is missing"),
            Minimum = Count(capacity, "minimum"),
            Maximum = Count(capacity, "maximum"),
            Default = Count(capacity, "default"),
            Rules = rules,
            Dates = ReadDates(JsonRead.Object(profile, "fixedDate")),
            Weekly = ReadWeekly(JsonRead.Object(profile, "recurrence")),
        };
        return read.Minimum <= read.Default && read.Default <= read.Maximum
            ? read
            : throw Bad("capacity", $"has minimum {read.Minimum}, default {read.Default}, maximum {read.Maximum}; they must rise in that order");
    }

    private static AutoscaleRule ReadRule(JsonObject rule)
    {
        var trigger = JsonRead.Object(rule, "metricTrigger") ?? throw Bad("metricTrigger", "is missing");
        var action = JsonRead.Object(rule, "scaleAction") ?? throw Bad("scaleAction", "is missing");
        var metric = OptionalText(trigger, "metricName");
        if (!"Percentage CPU".Equals(metric, StringComparison.OrdinalIgnoreCase))
        {
            throw Bad("metricName", $"is '{metric}'; only 'Percentage CPU' is measured here");
        }

        var dimension = Items(trigger, "dimensions").FirstOrDefault();
        return new AutoscaleRule
        {
            Statistic = Choice(trigger, "statistic", StatisticNames),
            Over = Choice(trigger, "timeAggregation", AggregationNames),
            Window = Span(trigger, "timeWindow", TimeSpan.FromMinutes(5), TimeSpan.FromHours(12)),
            Operator = Choice(trigger, "operator", Enum.GetValues<Comparison>().ToDictionary(c => c.ToString(), StringComparer.OrdinalIgnoreCase)),
            Threshold = Number(trigger, "threshold"),
            DividePerInstance = Bool(trigger, "dividePerInstance") ?? false,
            Machines = dimension is null ? [] : [.. (Get(dimension, "Values") as JsonArray ?? []).Select(v => Text(v) ?? "")],
            ExceptMachines = "NotEquals".Equals(OptionalText(dimension, "Operator"), StringComparison.OrdinalIgnoreCase),
            Direction = Choice(action, "direction", Directions),
            Type = Choice(action, "type", Enum.GetValues<ScaleBy>().ToDictionary(t => t.ToString(), StringComparer.OrdinalIgnoreCase)),
            Value = Whole(action, "value") ?? 1,
            Cooldown = Span(action, "cooldown", TimeSpan.FromMinutes(1), TimeSpan.FromDays(7)),
        };
    }

    private static readonly Dictionary<string, Combine> StatisticNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Average"] = Combine.Average,
        ["Min"] = Combine.Min,
        ["Max"] = Combine.Max,
        ["Sum"] = Combine.Sum,
        ["Count"] = Combine.Count,
    };

    private static readonly Dictionary<string, Combine> AggregationNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Average"] = Combine.Average,
        ["Minimum"] = Combine.Min,
        ["Maximum"] = Combine.Max,
        ["Total"] = Combine.Sum,
        ["Count"] = Combine.Count,
        ["Last"] = Combine.Last,
    };

    private static readonly Dictionary<string, int> Directions = new(StringComparer.OrdinalIgnoreCase)
    {
        ["None"] = 0,
        ["Increase"] = 1,
        ["Decrease"] = -1,
    };

    private static (DateTimeOffset, DateTimeOffset)? ReadDates(JsonObject? dates)
    {
        if (dates is null)
        {
            return null;
        }

        var zone = Zone(OptionalText(dates, "timeZone"));
        var (start, end) = (Instant(dates, "start", zone), Instant(dates, "end", zone));
        return end > start && end - start <= TimeSpan.FromDays(365)
            ? (start, end)
            : throw Bad("fixedDate", $"is from {start:O} to {end:O}; it must end after it begins, within 365 days");
    }

    private static WeeklyStart? ReadWeekly(JsonObject? recurrence)
    {
        if (recurrence is null)
        {
            return null;
        }

        var frequency = OptionalText(recurrence, "frequency");
        if (!"Week".Equals(frequency, StringComparison.OrdinalIgnoreCase))
        {
            throw Bad("recurrence.frequency", $"is '{frequency}'; it must be 'Week'");
        }

        var schedule = JsonRead.Object(recurrence, "schedule") ?? throw Bad("recurrence.schedule", "is missing");
        var days = (Get(schedule, "days") as JsonArray ?? [])
            .Select(d => Enum.TryParse<DayOfWeek>(Text(d), ignoreCase: true, out var day) ? day : throw Bad("recurrence.schedule.days", $"has '{d}', which is no day"))
            .ToImmutableArray();
        var (hour, minute) = (First(schedule, "hours", 23), First(schedule, "minutes", 59));
        return new WeeklyStart(Zone(OptionalText(schedule, "timeZone")), days, new TimeOnly(hour, minute));
    }

    private static int First(JsonObject schedule, string name, int most)
    {
        var value = Get(schedule, name) is JsonArray { Count: > 0 } array ? Whole(new JsonObject { [name] = array[0]?.DeepClone() }, name) ?? 0 : 0;
        return value >= 0 && value <= most ? value : throw Bad($"recurrence.schedule.{name}", $"is {value}; it must be 0 to {most}");
    }

    private static TimeZoneInfo Zone(string? id)
    {
        if (id is null)
        {
            return TimeZoneInfo.Utc;
        }

        return TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone) ? zone : throw Bad("timeZone", $"is '{id}', which is not known here");
    }

    private static DateTimeOffset Instant(JsonObject parent, string name, TimeZoneInfo zone)
    {
        var text = OptionalText(parent, name);
        if (!DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var value))
        {
            throw Bad(name, $"is '{text}', which is no date");
        }

        return value.Kind == DateTimeKind.Unspecified ? new DateTimeOffset(value, zone.GetUtcOffset(value)) : new DateTimeOffset(value.ToUniversalTime());
    }

    private static IEnumerable<JsonObject> Items(JsonObject parent, string name) => Get(parent, name) switch
    {
        null => [],
        JsonArray array => array.Select(i => i as JsonObject ?? throw Bad(name, "must hold objects")),
        _ => throw Bad(name, "must be a list"),
    };

    private static int Count(JsonObject capacity, string name) => Whole(capacity, name) is { } count and >= 0
        ? count
        : throw Bad($"capacity.{name}", "must be a whole number of at least 0");

    private static double Number(JsonObject parent, string name) =>
        Get(parent, name) is JsonValue value && value.GetValueKind() == JsonValueKind.Number
            ? double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture)
            : throw Bad(name, "must be a number");

    private static T Choice<T>(JsonObject parent, string name, Dictionary<string, T> choices)
    {
        var text = OptionalText(parent, name) ?? "";
        return choices.TryGetValue(text, out var value)
            ? value
            : throw Bad(name, $"is '{text}'; it must be one of {string.Join(", ", choices.Keys)}");
    }

    private static TimeSpan Span(JsonObject parent, string name, TimeSpan least, TimeSpan most)
    {
        var text = OptionalText(parent, name) ?? "";
        try
        {
            var span = XmlConvert.ToTimeSpan(text);
            if (span >= least && span <= most)
            {
                return span;
            }
        }
        catch (FormatException)
        {
            // Refused below like one out of range.
        }

        throw Bad(name, $"is '{text}'; it must be a duration from {XmlConvert.ToString(least)} to {XmlConvert.ToString(most)}");
    }

    private static ModelException Bad(string name, string why) =>
        new(new CloudError(400, "BadRequest", $"The autoscale setting is not valid: '{name}' {why}.") { Target = name });
}
