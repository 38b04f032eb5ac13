using System.Text.Json.Nodes;
using Ebb.Cli.Definition;
using Ebb.Pools;

namespace Ebb.Cli.Provisioning.Templates;

/// <summary>Writes a pool's policy into the tags of its scale set, where the controller finds it; the reverse of <see cref="PoolTags"/>.</summary>
internal static class PoolTagWriter
{
    // What the cloud allows on one resource.
    private const int MostTags = 50;
    private const int LongestValue = 256;

    public static JsonObject Write(ClusterFile cluster, RenderInputs inputs, PoolScaleSet set)
    {
        var pool = set.Pool;
        var tags = ComputeTemplate.Tags(cluster, ResourceNames.PoolRole);
        tags[ResourceNames.PoolTag] = pool.Name;
        tags[PoolTags.Prefix + "min"] = $"{set.Min}";
        tags[PoolTags.Prefix + "max"] = $"{pool.Max}";
        tags[PoolTags.Prefix + "idle-after"] = Span(pool.IdleAfter);
        if (pool.JoinWithin != new PoolTags().JoinWithin)
        {
            tags[PoolTags.Prefix + "join-within"] = Span(pool.JoinWithin);
        }

        if (set.KeepWarm > 0)
        {
            tags[PoolTags.Prefix + "keep-warm"] = $"{set.KeepWarm}";
        }

        foreach (var (key, value) in pool.Labels)
        {
            tags[PoolTags.Label + Key(key)] = value;
        }

        foreach (var taint in pool.Taints)
        {
            tags[PoolTags.Taint + Key(taint.Key)] = taint.Value.Length > 0 ? $"{taint.Value}:{taint.Effect}" : $"{taint.Effect}";
        }

        Amounts(tags, inputs.TraitsOf(pool.Size), pool, cluster);
        return tags.Count <= MostTags && tags.All(tag => tag.Value!.GetValue<string>().Length <= LongestValue)
            ? tags
            : throw new EbbException(
                $"Pool '{pool.Name}' would need {tags.Count} tags, and the cloud takes {MostTags} of {LongestValue} characters. Give it fewer labels and taints.");
    }

    /// <summary>As <see cref="PoolTags"/> reads it.</summary>
    public static string Span(TimeSpan span)
    {
        var (hours, minutes, seconds) = ((int)span.TotalHours, span.Minutes, span.Seconds);
        var text = string.Concat(hours > 0 ? $"{hours}h" : "", minutes > 0 ? $"{minutes}m" : "", seconds > 0 ? $"{seconds}s" : "");
        return text.Length > 0 ? text : "0s";
    }

    /// <summary>A tag's name has no slash.</summary>
    public static string Key(string key) => key.Replace("_", "~2", StringComparison.Ordinal).Replace('/', '_');

    /// <summary>What pods may use: the control plane's identity may not read what the cloud says of sizes, which is the subscription's.</summary>
    private static void Amounts(JsonObject tags, SizeTraits traits, PoolDefinition pool, ClusterFile cluster)
    {
        if (traits.Architecture != "amd64")
        {
            tags[PoolTags.Label + Key("kubernetes.io/arch")] = traits.Architecture;
        }

        if (traits.Gpus > 0 && cluster.Options.Nvidia)
        {
            // Where the add-on that counts them runs.
            tags[PoolTags.Label + Key("nvidia.com/gpu.present")] = "true";
        }

        if (traits.Hardware is not { } hardware)
        {
            return;
        }

        var size = new MachineSize(pool.Size, hardware.Cpus, hardware.MemoryBytes) { Gpus = cluster.Options.Nvidia ? traits.Gpus : 0 };
        foreach (var (tag, amount) in SizeTags.Of(size))
        {
            tags[tag] = amount;
        }
    }
}
