using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Ebb.Scheduling;

namespace Ebb.Pools;

/// <summary>Takes one tag after the other; see <see cref="PoolTags"/> for what they mean. A later tag wins.</summary>
internal sealed partial class PoolTagReader(string pool)
{
    // What the Kubernetes cluster-autoscaler reads on scale sets; its other tags ("..._autoscaling-options_...") tune itself.
    private const string Foreign = "k8s.io_cluster-autoscaler_node-template_";

    private const string HowToWriteKeys = "In a tag's name write '_' for '/' and '~2' for '_', for example ebb-label_example.com_disk";

    // The cloud's own limit for one scale set.
    private const int MostMachines = 1000;

    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    // No machine boots faster; it would be given up again and again.
    private static readonly TimeSpan ShortestJoin = TimeSpan.FromMinutes(1);

    private readonly SortedDictionary<string, string> _labels = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Taint> _taints = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _resources = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];
    private PoolTags _tags = new();

    public void Take(string tag, string value)
    {
        switch (tag.ToLowerInvariant())
        {
            case "ebb-ignore":
                Ignore(tag, value);
                break;
            case "ebb-min" or "min":
                _tags = _tags with { Min = Count(tag, value) ?? _tags.Min };
                break;
            case "ebb-max" or "max":
                _tags = _tags with { Max = Count(tag, value) ?? _tags.Max };
                break;
            case "ebb-keep-warm":
                _tags = _tags with { KeepWarm = Count(tag, value) ?? _tags.KeepWarm };
                break;
            case "ebb-idle-after":
                _tags = _tags with { IdleAfter = Time(tag, value, TimeSpan.Zero, "of at most 30 days such as 90s, 5m or 1h30m") ?? _tags.IdleAfter };
                break;
            case "ebb-join-within":
                _tags = _tags with { JoinWithin = Time(tag, value, ShortestJoin, "from 1m to 30 days such as 30m or 1h30m") ?? _tags.JoinWithin };
                break;
            case "ebb-price":
                Price(tag, value);
                break;
            case "ebb-pool":
                PartOf(tag, value);
                break;
            case "ebb-cluster" or "ebb-role":
                // For people, and for those that look for a cluster's machines.
                break;
            default:
                TakeKeyed(tag, value);
                break;
        }
    }

    public PoolTags Result()
    {
        if (_tags.Min > _tags.Max)
        {
            _problems.Add(
                $"Pool '{pool}': its least number of machines, {_tags.Min}, is above its most, {_tags.Max}. " +
                $"Set the tags '{PoolTags.Prefix}min' and '{PoolTags.Prefix}max' so that min is not above max.");
        }

        return _tags with
        {
            Labels = _labels.ToImmutableSortedDictionary(StringComparer.Ordinal),
            Taints = [.. _taints.Values],
            Resources = _resources.ToImmutableSortedDictionary(StringComparer.Ordinal),
            Problems = [.. _problems],
        };
    }

    private void TakeKeyed(string tag, string value)
    {
        if ((KeyAfter(PoolTags.Label, tag) ?? KeyAfter(Foreign + "label_", tag)) is { } label)
        {
            Label(tag, label, value);
        }
        else if ((KeyAfter(PoolTags.Taint, tag) ?? KeyAfter(Foreign + "taint_", tag)) is { } taint)
        {
            Taint(tag, taint, value);
        }
        else if ((KeyAfter(PoolTags.Resource, tag) ?? KeyAfter(Foreign + "resources_", tag)) is { } resource)
        {
            Resource(tag, resource, value);
        }
        else if (tag.StartsWith(PoolTags.Prefix, StringComparison.OrdinalIgnoreCase))
        {
            // Most likely a slip of the pen, and a limit that is not heeded costs money.
            Bad(tag, value, "there is no such tag; known are ebb-ignore, ebb-min, ebb-max, ebb-keep-warm, ebb-idle-after, ebb-join-within, ebb-price, " +
                "ebb-pool, ebb-cluster, ebb-role, ebb-label_KEY, ebb-taint_KEY and ebb-resource_KEY. Correct its name or remove it");
        }
    }

    private static string? KeyAfter(string prefix, string tag) =>
        tag.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
            ? tag[prefix.Length..].Replace('_', '/').Replace("~2", "_", StringComparison.Ordinal)
            : null;

    private void Ignore(string tag, string value)
    {
        if (bool.TryParse(value.Trim(), out var ignored))
        {
            _tags = _tags with { Ignored = ignored };
        }
        else
        {
            Bad(tag, value, "give true or false");
        }
    }

    private int? Count(string tag, string value)
    {
        if (int.TryParse(value.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= MostMachines)
        {
            return count;
        }

        Bad(tag, value, $"give a whole number from 0 to {MostMachines}");
        return null;
    }

    private TimeSpan? Time(string tag, string value, TimeSpan least, string such)
    {
        var match = Span().Match(value.Trim());
        if (match.Success)
        {
            // At most six digits each: no overflow before the comparison.
            double Part(string unit) => match.Groups[unit] is { Success: true } g ? int.Parse(g.ValueSpan, CultureInfo.InvariantCulture) : 0;
            var span = TimeSpan.FromHours(Part("h")) + TimeSpan.FromMinutes(Part("m")) + TimeSpan.FromSeconds(Part("s"));
            if (span >= least && span <= Longest)
            {
                return span;
            }
        }

        Bad(tag, value, $"give a time {such}");
        return null;
    }

    private void Price(string tag, string value)
    {
        const NumberStyles Style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite;
        if (decimal.TryParse(value, Style, CultureInfo.InvariantCulture, out var price) && price <= 10_000)
        {
            _tags = _tags with { PricePerHour = price };
        }
        else
        {
            Bad(tag, value, "give the price of one machine for an hour, for example 0.096");
        }
    }

    private void PartOf(string tag, string value)
    {
        if (value.Length > 0 && IsValue(value))
        {
            _tags = _tags with { PartOf = value };
        }
        else
        {
            Bad(tag, value, "give the name of the pool that this scale set is part of, for example agents");
        }
    }

    private void Label(string tag, string key, string value)
    {
        if (!IsKey(key))
        {
            Bad(tag, value, $"'{key}' is no name of a label. {HowToWriteKeys}");
        }
        else if (!IsValue(value))
        {
            Bad(tag, value, "a label's value has at most 63 letters, digits, '-', '_' and '.', and begins and ends with a letter or digit");
        }
        else
        {
            _labels[key] = value;
        }
    }

    private void Taint(string tag, string key, string value)
    {
        var colon = value.LastIndexOf(':');
        var text = colon < 0 ? "" : value[..colon];
        TaintEffect? effect = value[(colon + 1)..] switch
        {
            nameof(TaintEffect.NoSchedule) => TaintEffect.NoSchedule,
            nameof(TaintEffect.PreferNoSchedule) => TaintEffect.PreferNoSchedule,
            nameof(TaintEffect.NoExecute) => TaintEffect.NoExecute,
            _ => null,
        };

        if (!IsKey(key))
        {
            Bad(tag, value, $"'{key}' is no name of a taint. {HowToWriteKeys}");
        }
        else if (effect is null || !IsValue(text))
        {
            Bad(tag, value, "give VALUE:EFFECT, for example gpu:NoSchedule; effects are NoSchedule, PreferNoSchedule and NoExecute");
        }
        else
        {
            _taints[key] = new Taint(key, text, effect.Value);
        }
    }

    private void Resource(string tag, string key, string value)
    {
        if (!IsKey(key))
        {
            Bad(tag, value, $"'{key}' is no name of a resource. {HowToWriteKeys}");
        }
        else if (key is "cpu" ? Quantity.TryMilli(value, out var amount) : Quantity.TryUnits(value, out amount))
        {
            _resources[key] = amount;
        }
        else
        {
            Bad(tag, value, "give an amount as Kubernetes writes it, for example 3800m, 14Gi or 2");
        }
    }

    private void Bad(string tag, string value, string remedy)
    {
        // A tag's value has at most 256 characters in the cloud; elsewhere it may be anything.
        var shown = value.Length <= 80 ? value : value[..80] + "…";
        _problems.Add($"Pool '{pool}': tag '{tag}' is '{shown}': {remedy}.");
    }

    private static bool IsKey(string key)
    {
        var slash = key.LastIndexOf('/');
        return Name().IsMatch(key[(slash + 1)..]) && (slash < 0 || Domain().IsMatch(key[..slash]));
    }

    private static bool IsValue(string value) => value.Length == 0 || Name().IsMatch(value);

    [GeneratedRegex(@"\A(?=.)((?<h>[0-9]{1,6})h)?((?<m>[0-9]{1,6})m)?((?<s>[0-9]{1,6})s)?\z")]
    private static partial Regex Span();

    [GeneratedRegex(@"\A(?=.{1,63}\z)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"\A(?=.{1,253}\z)[a-z0-9]([a-z0-9.-]*[a-z0-9])?\z")]
    private static partial Regex Domain();
}
