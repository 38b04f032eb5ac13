namespace Ebb.Simulation.Scenarios;

/// <summary>What a scale set's tags promise, read without any of Ebb's code.</summary>
internal static class PoolPromise
{
    public static int Min(IReadOnlyDictionary<string, string> tags) => Number(tags, "ebb-min");

    public static int Max(IReadOnlyDictionary<string, string> tags) => Number(tags, "ebb-max");

    /// <summary>How many machines it has when nothing is at work.</summary>
    public static int AtRest(IReadOnlyDictionary<string, string> tags) => Math.Min(Max(tags), Math.Max(Min(tags), Number(tags, "ebb-keep-warm")));

    /// <summary>Null for a pool that stands by itself.</summary>
    public static string? Whole(IReadOnlyDictionary<string, string> tags) => tags.GetValueOrDefault("ebb-pool");

    private static int Number(IReadOnlyDictionary<string, string> tags, string tag) => tags.TryGetValue(tag, out var value) ? int.Parse(value) : 0;
}
