using System.Collections.Immutable;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned.Rollout;

/// <summary>
/// Control-plane machines that follow no orders: an earlier Ebb made them, or their first boot has failed. One that follows has
/// reported by the end of its first boot, and to wait for another is in vain.
/// </summary>
internal static class SilentMachines
{
    /// <summary>A first boot is through by then, also on a bad day.</summary>
    public static readonly TimeSpan BornWithin = TimeSpan.FromMinutes(20);

    /// <param name="machines">Those that are there.</param>
    /// <returns>Their names.</returns>
    public static ImmutableArray<string> Of(IEnumerable<ReportedMachine> reports, IReadOnlyCollection<VirtualMachine> machines, DateTimeOffset now) =>
    [
        .. from report in reports
           let machine = machines.FirstOrDefault(machine => machine.Name.Equals(report.Name, StringComparison.OrdinalIgnoreCase))
           where machine is { HasNoPower: false, MadeAt: { } made } && now - made > BornWithin

               // A report from before it was made is another machine's of that name.
               && (report.State is null || report.State.At < made)
           select report.Name,
    ];

    /// <summary>What a person is told about them.</summary>
    /// <param name="all">How many machines the control plane has.</param>
    public static string Describe(ImmutableArray<string> silent, int all, string group)
    {
        var one = silent.Length == 1;
        return $"{string.Join(" and ", silent)} {(one ? "has" : "have")} not reported since {(one ? "it was" : "they were")} made, and {(one ? "does" : "do")} not follow what the file says: an earlier Ebb made {(one ? "it" : "them")}, or the first boot has failed ('Boot diagnostics' says). "
            + (all > 1
                ? $"Delete {(one ? "it" : "one")} ('az vm delete -g {group} -n {silent[0]}') and run 'ebb up': it is made anew as a new member of the store{(one ? "" : "; then the next")}."
                : "'ebb down --keep-storage', then 'ebb up', makes it anew; what Kubernetes holds goes with its disk, shares and keys stay.");
    }
}
