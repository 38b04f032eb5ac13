using Ebb.Pools;

namespace Ebb.Clouds.Azure;

/// <summary>How many machines the quotas leave room for.</summary>
/// <param name="Machines">At least 0.</param>
/// <param name="Name">The quota that leaves least room, as Azure calls it.</param>
/// <param name="Limit">In cores.</param>
internal sealed record QuotaRoom(int Machines, string Name, long Used, long Limit);

internal static class AzureQuota
{
    /// <summary>The room that the tightest quota leaves; null when none is known that counts for this size.</summary>
    public static QuotaRoom? Room(AzureSize size, Priority priority, IReadOnlyList<WireUsage> usages)
    {
        // Spot machines have one quota for all families together.
        string[] counts = priority is Priority.Spot ? ["lowPriorityCores"] : ["cores", size.Family];
        return (from usage in usages
                where counts.Contains(usage.Name?.Value, StringComparer.OrdinalIgnoreCase)
                let limit = usage.Limit ?? 0
                let used = usage.CurrentValue ?? 0
                let machines = Math.Max(0, limit - used) / size.QuotaCores
                select new QuotaRoom((int)Math.Min(int.MaxValue, machines), usage.Name!.Value!, used, limit))
            .MinBy(r => r.Machines);
    }
}
