using Ebb.Pools;

namespace Ebb.Planning;

/// <summary>What a pool is doing and why, in one line.</summary>
internal static class PoolReason
{
    public static string Of(PoolStanding pool, Snapshot snapshot)
    {
        if (pool.Pool.Problem is { } problem)
        {
            return $"left alone: {problem}";
        }

        List<string> parts = [];
        if (pool.Buying > 0)
        {
            parts.Add($"grows by {pool.Buying}: {(pool.BuyingFor > 0 ? $"{Words.Count(pool.BuyingFor, "pod")} wait for room" : $"below {pool.LeastInWords}")}");
        }

        if (pool.BackOff is { } note && note.Until > snapshot.Now)
        {
            parts.Add($"cannot grow for now ({note.Code}), tried again in {Words.Span(note.Until - snapshot.Now)}");
        }

        Add(pool.Departures.Count, "removed now");
        Add(pool.Coming.Count, "on the way");

        // The node of one that was just stopped is said to be ready for a while.
        Add(pool.Nodes.Count(node => !node.Idle && !IsOff(node.Machine)), "busy");
        Add(pool.Nodes.Count(node => node.Idle && !IsOff(node.Machine)), "idle");
        Add(pool.View.Machines.Count(IsOff), "stopped");
        if (!snapshot.Cloud.Complete)
        {
            parts.Add($"the cloud could not be read in full{(snapshot.Cloud.Trouble is { } trouble ? $": {trouble}" : "")}");
        }

        return $"{pool.View.Capacity} of {pool.Pool.Min} to {pool.Pool.Max} machines{(parts.Count > 0 ? ": " : "")}{string.Join(", ", parts)}";

        static bool IsOff(Machine? machine) => machine?.State is MachineState.Stopped or MachineState.Deallocated;

        void Add(int count, string what)
        {
            if (count > 0)
            {
                parts.Add($"{count} {what}");
            }
        }
    }
}
