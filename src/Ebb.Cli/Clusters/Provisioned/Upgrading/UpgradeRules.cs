using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Cli.Clusters.Provisioned.Upgrading;

/// <summary>What a cluster is like, as far as an upgrade is bound by it.</summary>
/// <param name="ControlPlane">The release that each of its machines reports; null where it has not said.</param>
/// <param name="NotReady">Machines of the control plane whose nodes are not ready.</param>
/// <param name="Kubelets">Node and release of every node that is none of the control plane.</param>
internal sealed record UpgradeGround(
    ImmutableArray<(string Machine, K3sRelease? Release)> ControlPlane, ImmutableArray<string> NotReady, ImmutableArray<(string Node, K3sRelease Release)> Kubelets);

/// <summary>
/// What Kubernetes allows: one minor release at a time, never back, and kubelets that are not too far behind their API servers (source:
/// kubernetes.io, version skew policy).
/// </summary>
internal static class UpgradeRules
{
    // Since 1.28 a kubelet may be three minor releases older than its API server, before that two.
    private const int SkewGrewWith = 28;

    public static int MostSkew(int minor) => minor >= SkewGrewWith ? 3 : 2;

    /// <summary>Null when nothing is against it; else why not, and what to do instead.</summary>
    /// <param name="next">The newest release of the minor release after the one that runs, where it was found out; for whoever would skip it.</param>
    /// <param name="flag">How commands about this cluster go on.</param>
    public static string? Problem(K3sRelease wanted, UpgradeGround ground, string? next, string flag, bool force)
    {
        if (ground.ControlPlane.FirstOrDefault(machine => machine.Release is null).Machine is { } silent)
        {
            return $"{silent} has not reported which release it runs. If it is just being made, wait for it; else 'ebb up{flag}' says what is wrong with it.";
        }

        var (lowest, highest) = (ground.ControlPlane.Min(machine => machine.Release!.Value), ground.ControlPlane.Max(machine => machine.Release!.Value));
        if (wanted < highest)
        {
            return $"Kubernetes {highest} runs, and {wanted} is older: there is no way back. Write 'version: {highest}' under 'kubernetes', or a newer one.";
        }

        if (wanted.Minor > lowest.Minor + 1)
        {
            return $"Kubernetes {lowest} runs: on the way to {wanted} no minor release may be left out. Take {next ?? $"a release of v1.{lowest.Minor + 1}"} first, in the same way.";
        }

        if (ground.Kubelets.Where(node => wanted.Minor - node.Release.Minor > MostSkew(wanted.Minor)).OrderBy(node => node.Release).FirstOrDefault() is { Node: not null } behind)
        {
            return $"Node {behind.Node} is of {behind.Release}, and may not be more than {MostSkew(wanted.Minor)} minor releases behind its control plane. "
                + $"Bring the pools to what the control plane runs first: 'ebb upgrade --to {highest}{flag}'.";
        }

        return ground.NotReady.IsEmpty || force
            ? null
            : $"{string.Join(" and ", ground.NotReady)} {(ground.NotReady.Length == 1 ? "is" : "are")} not ready, and an upgrade takes machines of the control plane away for a while. "
                + $"Mend that first ('ebb doctor{flag}'), or say --force.";
    }

    /// <summary>Why machines that reach nothing outside would install what they have; null when the files are another release's.</summary>
    /// <param name="before">What they are now; null where nothing was ordered yet.</param>
    /// <param name="path">Of the cluster's file.</param>
    public static string? FilesProblem(ControlPlaneOrders? before, ControlPlaneOrders wanted, string path) =>
        before is not null && before.Release != wanted.Release && ProgramOf(before) == ProgramOf(wanted)
            ? $"'options.airGapped' is true, and 'k3s' among the files for machines is still that of {before.Release}. Put 'k3s' and its images of {wanted.Release} there "
                + $"('airgap' beside {path}, or {AirGapDirectory.Variable}), then run this again."
            : null;

    private static string? ProgramOf(ControlPlaneOrders orders) => orders.Files.FirstOrDefault(file => file.To == "/usr/local/bin/k3s")?.Sha256;
}
