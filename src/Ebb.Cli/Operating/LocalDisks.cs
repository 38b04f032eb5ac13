using Ebb.Cli.Clusters;
using Ebb.Clouds;
using Ebb.Planning;
using Ebb.Pools;

namespace Ebb.Cli.Operating;

/// <summary>Machines whose system disk is on their host: Azure stops none of them, since stopped machines have no host.</summary>
internal static class LocalDisks
{
    public const string Why = "its system disk is on its host";

    /// <summary>Whether the machine goes on whatever is asked of it.</summary>
    public static bool Keep(Candidate candidate, OperationRequest request) =>
        request.Operation is MachineOperation.Deallocate && candidate.Pool.Pool.LocalDisk
        && candidate.Machine.State is not (MachineState.Deallocated or MachineState.Deleting);

    /// <returns>Which machines these are, and what to do instead; null where there are none.</returns>
    /// <exception cref="EbbException">All are that were asked for and are not on their way out: says the same.</exception>
    public static string? Refuse(Snapshot snapshot, OperationRequest request, IReadOnlyList<Candidate> wanted)
    {
        var kept = wanted.Where(candidate => Keep(candidate, request)).ToList();
        if (kept.Count == 0)
        {
            return null;
        }

        var others = wanted.Where(candidate => candidate.Machine.State is not MachineState.Deleting).Except(kept).ToList();
        var pools = kept.Select(NameOf).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var many = pools.Count > 1;
        var named = $"{(many ? "Pools" : "Pool")} {Listed(pools.Select(pool => $"'{pool}'"))}";
        var who = request.Machines.Length > 0 ? $"{(kept.Count > 1 ? "Machines" : "Machine")} {Listed(kept.Select(c => $"'{c.Machine.Name}'"))} of {Lower(named)}"
            : others.Any(candidate => pools.Contains(NameOf(candidate))) ? $"Spot machines of {Lower(named)}"
            : named;
        var minima = pools.ToDictionary(pool => pool, pool => NamedPool.Find(snapshot, pool).Min);
        var said = $"{who} cannot be stopped: Azure stops no machine whose system disk is on its host, since the disk would be lost. "
            + $"{Listed(pools.Select(pool => $"'ebb scale {pool} {minima[pool]}'"))} {(many ? "let" : "lets")} idle machines go"
            + $"{(minima.Values.Any(min => min > 0) ? many ? ", down to each pool's min" : ", down to the pool's min" : "")}; what is gone costs nothing at all. "
            + $"To stop machines and keep them, set 'localDisk: false' for the {(many ? "pools" : "pool")} in ebb.yaml: "
            + $"'ebb up' then makes {(many ? "their scale sets" : "its scale set")} anew.";
        return others.Count > 0 ? said : throw new EbbException(said);
    }

    /// <summary>What an ebb.yaml calls its pool, which may be two scale sets.</summary>
    private static string NameOf(Candidate candidate) => candidate.Pool.Pool.PartOf ?? candidate.Pool.Pool.Name;

    private static string Lower(string named) => char.ToLowerInvariant(named[0]) + named[1..];

    private static string Listed(IEnumerable<string> words)
    {
        var all = words.ToList();
        return all.Count > 1 ? $"{string.Join(", ", all[..^1])} and {all[^1]}" : all[0];
    }
}
