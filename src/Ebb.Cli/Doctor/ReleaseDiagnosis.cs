using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Clusters.Provisioned.Upgrading;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Cli.Reports;

namespace Ebb.Cli.Doctor;

/// <summary>What is wrong with the releases that run, and with machines of the control plane that follow what is wanted of them.</summary>
internal static class ReleaseDiagnosis
{
    private const int MostNamed = 3;

    public static IEnumerable<Finding> Of(Symptoms seen) =>
        seen.ControlPlane is { } plane ? [.. Machines(seen, plane), .. Kubelets(seen, plane)] : [];

    private static IEnumerable<Finding> Machines(Symptoms seen, ControlPlanePlan plane)
    {
        // Judged by what was last wanted: what is new since then is told as a difference from the file.
        if (plane.Before?.Generation is not { } generation)
        {
            yield break;
        }

        foreach (var machine in plane.Machines.Where(machine => machine.State is not null && !machine.IsDone(generation)))
        {
            yield return machine.State is { Phase: ControlPlanePhase.Failed }
                ? new(Severity.Broken, $"control plane {machine.Name}", machine.Describe(), $"On it 'journalctl -u ebb-control-plane-follow' says more. Mend that, then run what you ran again: 'ebb up{seen.Flag}' or 'ebb upgrade{seen.Flag}'.")
                : new(Severity.Warning, $"control plane {machine.Name}", $"is not yet as was wanted last: it {machine.Describe()}", $"'ebb up{seen.Flag}' carries on, or 'ebb upgrade{seen.Flag}' if that was the command.");
        }
    }

    private static IEnumerable<Finding> Kubelets(Symptoms seen, ControlPlanePlan plane)
    {
        var servers = plane.Machines.Select(machine => machine.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var releases = plane.Machines.Select(machine => K3sRelease.Parse(machine.State?.Release ?? "")).OfType<K3sRelease>().ToList();
        if (releases.Count == 0)
        {
            yield break;
        }

        var (lowest, highest) = (releases.Min(), releases.Max());
        var nodes = (from node in seen.Nodes
                     where !servers.Contains(node.Name)
                     let release = K3sRelease.Parse(node.Release)
                     where release is not null
                     select (node.Name, Release: release.Value)).ToList();
        var outOfBounds = nodes.Where(node => node.Release.Minor > lowest.Minor || highest.Minor - node.Release.Minor > UpgradeRules.MostSkew(highest.Minor)).ToList();
        if (outOfBounds.Count > 0)
        {
            yield return new(
                Severity.Broken, Nodes(outOfBounds.Count), $"{Names(outOfBounds)}: Kubernetes does not support that with a control plane of {Range(lowest, highest)}",
                $"'ebb upgrade{seen.Flag}' brings control plane and pools together.");
        }

        var behind = nodes.Except(outOfBounds).Where(node => node.Release != highest).ToList();
        if (behind.Count > 0)
        {
            yield return new(
                Severity.Warning, Nodes(behind.Count), $"{Names(behind)}: another release than the control plane's {Range(lowest, highest)}",
                $"'ebb upgrade{seen.Flag}' brings them to it; machines that are busy are waited for.");
        }
    }

    private static string Nodes(int count) => Words.Count(count, "node");

    private static string Range(K3sRelease lowest, K3sRelease highest) => lowest == highest ? $"{highest}" : $"{lowest} and {highest}";

    private static string Names(List<(string Name, K3sRelease Release)> nodes) =>
        string.Join(", ", nodes.OrderBy(node => node.Release).Take(MostNamed).Select(node => $"{node.Name} runs {node.Release}"))
        + (nodes.Count > MostNamed ? $" and {nodes.Count - MostNamed} more" : "");
}
