using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Reports;

namespace Ebb.Cli.Doctor;

/// <summary>Concludes from what was seen what is wrong, and what to do about it.</summary>
internal static class Diagnosis
{
    // The slowest clouds take some ten minutes from the order until a machine has joined.
    private static readonly TimeSpan JoinsWithin = TimeSpan.FromMinutes(15);

    // 'ebb up' renews with sixty days left: whoever has less has not run it for long.
    private static readonly TimeSpan RenewWith = TimeSpan.FromDays(45);

    // Machines come to know another one only when they are made anew, which takes some their time.
    private static readonly TimeSpan RotateWith = TimeSpan.FromDays(365);

    // A node that has just come or gone is not worth a word.
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(2);

    /// <summary>The worst first; empty when all is well.</summary>
    public static ImmutableArray<Finding> Of(Symptoms seen) =>
    [
        .. Cloud(seen)
            .Concat(Certificates(seen))
            .Concat(Rotations(seen))
            .Concat(Kubernetes(seen))
            .Concat(seen.Status is { } status ? [.. Controller(status), .. Pools(seen, status), .. Machines(seen, status), .. Waiting(seen, status)] : [])
            .Concat(Nodes(seen))
            .Concat(Holds(seen))
            .Concat(ReleaseDiagnosis.Of(seen))
            .OrderByDescending(finding => finding.Severity),
    ];

    private static IEnumerable<Finding> Cloud(Symptoms seen)
    {
        if (seen.CloudTrouble is { } trouble)
        {
            yield return new(Severity.Broken, "cloud", trouble, "Mend that first; then ask again.");
        }

        foreach (var group in seen.Groups)
        {
            if (group.State == "missing")
            {
                yield return new(Severity.Broken, $"group {group.Name}", "does not exist", $"'ebb up{seen.Flag}' makes it with all that belongs into it.");
                continue;
            }

            if (group.State == "deleting")
            {
                yield return new(Severity.Broken, $"group {group.Name}", "is being deleted", $"Wait until it is gone; then 'ebb up{seen.Flag}' makes it anew, or 'ebb down{seen.Flag}' ends the rest.");
            }

            if (group.LastDeployment is { State: "Failed" or "Canceled" } last)
            {
                yield return new(
                    Severity.Broken, $"group {group.Name}", $"its last deployment is {last.State.ToLowerInvariant()}{(last.Error is { } why ? $": {why}" : "")}",
                    $"Mend the cause, then 'ebb up{seen.Flag}' goes on where it stopped.");
            }

            foreach (var resource in group.Resources.Where(r => r.State is "Failed" or "Canceled"))
            {
                yield return new(
                    Severity.Broken, $"{resource.Type.Split('/')[^1]} {resource.Name}", $"is {resource.State!.ToLowerInvariant()} in Azure",
                    $"'ebb up{seen.Flag}' writes it again; 'az resource show' with its id tells more.");
            }
        }

        foreach (var impediment in seen.Impediments)
        {
            yield return new(Severity.Warning, "file", impediment, $"Until then 'ebb up{seen.Flag}' refuses; what runs goes on.");
        }

        if (seen.Groups.Any(group => group.State == "missing"))
        {
            yield break;
        }

        if (seen.Drift.Where(change => change.Action is not ChangeAction.Deploy).ToImmutableArray() is { IsEmpty: false } drift)
        {
            yield return new(
                Severity.Warning, "file", $"{Words.Count(drift.Length, "resource")} {(drift.Length == 1 ? "is" : "are")} not as the file says: {Names(drift.Select(change => change.Name))}",
                $"'ebb plan{seen.Flag}' shows how; 'ebb up{seen.Flag}' changes it.");
        }

        // One that failed is told above.
        foreach (var deployment in seen.Drift.Where(change => change.Action is ChangeAction.Deploy && seen.Groups.All(group => group.Name != change.Group || group.LastDeployment is null or { State: "Succeeded" })))
        {
            yield return new(Severity.Warning, $"deployment {deployment.Name}", deployment.Means, $"'ebb up{seen.Flag}' does so; it touches nothing that runs.");
        }
    }

    private static IEnumerable<Finding> Certificates(Symptoms seen)
    {
        foreach (var certificate in seen.Certificates)
        {
            if (certificate.Until is not { } until)
            {
                yield return new(Severity.Broken, $"certificate {certificate.Name}", $"cannot be read in {certificate.File}", $"Restore the file from a backup; what an authority signed 'ebb up{seen.Flag}' makes anew.");
            }
            else if (until <= seen.Now)
            {
                yield return new(Severity.Broken, $"certificate {certificate.Name}", $"ended on {until:yyyy-MM-dd}", Renewal(seen, certificate));
            }
            else if (until - seen.Now < (AuthorityOf(certificate) is null ? RenewWith : RotateWith))
            {
                yield return new(Severity.Warning, $"certificate {certificate.Name}", $"ends on {until:yyyy-MM-dd}", Renewal(seen, certificate));
            }
        }
    }

    private static string Renewal(Symptoms seen, CertificateSign certificate) => AuthorityOf(certificate) is { } what
        ? $"'ebb keys rotate{seen.Flag} {what}' makes another, while {(what == JoinAuthorities.What ? "machines join" : "the cluster runs")}."
        : $"'ebb up{seen.Flag}' renews it.";

    /// <returns>By what name an authority is rotated; null for what an authority signs.</returns>
    private static string? AuthorityOf(CertificateSign certificate) =>
        KeyList.RotationOf(certificate.Name.StartsWith("pki/", StringComparison.Ordinal) ? certificate.Name["pki/".Length..] : certificate.Name) is { } what and not ClusterKeys.Certificates ? what : null;

    private static IEnumerable<Finding> Rotations(Symptoms seen) =>
        from rotation in seen.Rotations
        select new Finding(
            Severity.Warning,
            $"keys {rotation.Key}",
            $"their rotation was begun on {rotation.Value.Begun:yyyy-MM-dd} and is not finished: the ones before are still good",
            $"'ebb keys rotate{seen.Flag} {rotation.Key}' goes on, or says which machines hold it up.");

    private static IEnumerable<Finding> Kubernetes(Symptoms seen)
    {
        if (seen.ControlPlane?.LostMajority is { } lost)
        {
            yield return new(Severity.Broken, "control plane", lost.What, lost.Remedy);
        }

        if (seen.KubernetesTrouble is { } trouble)
        {
            yield return new(
                Severity.Broken, "kubernetes", trouble,
                $"See that the control plane's machines run and that 'access.apiFrom' lets this address in ('ebb endpoints{seen.Flag}'); 'ebb logs{seen.Flag}' shows what they say.");
        }

        foreach (var component in seen.Status?.Components.Where(component => component.State is not ("healthy" or "starting")) ?? [])
        {
            yield return new(
                Severity.Broken, $"component {component.Name}", $"is {component.State}{(component.LastError is { } error ? $": {error}" : "")}",
                $"It is started again by itself; its log is {component.Log}.");
        }
    }

    private static IEnumerable<Finding> Controller(StatusReport status)
    {
        if (status.Cluster.Controller is null)
        {
            yield return new(
                Severity.Broken, "controller", "none runs: pools neither grow nor shrink",
                "On the control plane 'systemctl status ebb' says why; 'ebb run' beside the cluster does its work meanwhile.");
        }

        if (status.Cluster.Trouble is { } trouble)
        {
            yield return new(Severity.Warning, "cloud", trouble, "While the picture has gaps nothing is removed. It is read again by itself.");
        }
    }

    private static IEnumerable<Finding> Pools(Symptoms seen, StatusReport status)
    {
        foreach (var pool in status.Pools)
        {
            if (pool.Problem is { } problem)
            {
                yield return new(Severity.Broken, $"pool {pool.Name}", $"is left alone: {problem}", seen.Groups.IsEmpty ? "Correct its tags." : $"'ebb up{seen.Flag}' writes its tags as the file says.");
            }
        }

        // Scale sets that are parts of one pool share its maximum.
        foreach (var pool in status.Pending.IsEmpty ? [] : status.Pools.GroupBy(pool => pool.PartOf ?? pool.Name))
        {
            var off = status.Machines.Count(machine => machine.State == "stopped" && pool.Any(part => part.Name == machine.Pool));
            if (off > 0)
            {
                yield return new(
                    Severity.Warning, $"pool {pool.Key}", $"has {Words.Count(off, "machine that is", "machines that are")} stopped while pods wait", $"'ebb start{seen.Flag} {pool.Key}' starts {(off == 1 ? "it" : "them")}.");
            }
            else if (pool.Sum(part => part.Capacity) >= pool.Max(part => part.Max))
            {
                yield return new(
                    Severity.Warning, $"pool {pool.Key}", $"has all of its {Words.Count(pool.Max(part => part.Max), "machine")} while pods wait",
                    "Raise its max, or wait until work ends.");
            }
        }
    }

    private static IEnumerable<Finding> Machines(Symptoms seen, StatusReport status)
    {
        foreach (var machine in status.Machines)
        {
            switch (machine.State)
            {
                case "failed":
                    yield return new(Severity.Broken, $"machine {machine.Name}", $"has failed: {machine.Reason}", $"The controller replaces it. If it is still there after minutes: 'ebb reimage{seen.Flag} {machine.Pool} -m {machine.Name}'.");
                    break;
                case "stopped" when machine.PoweredOff:
                    yield return new(
                        Severity.Warning, $"machine {machine.Name}", "is stopped but not deallocated: it costs as much as one that runs",
                        $"'ebb stop{seen.Flag} -m {machine.Name}' has it cost nothing but its disk, 'ebb start{seen.Flag} -m {machine.Name}' starts it.");
                    break;
                case "booting" when machine.CreatedAt is { } created && seen.Now - created > JoinsWithin:
                    yield return new(
                        Severity.Broken, $"machine {machine.Name}", $"was made {Words.Span(seen.Now - created)} ago and has not joined",
                        $"'ebb logs{seen.Flag}' shows what the join server refused and why; the machine's journal ('journalctl -u ebb-agent') what it could not do, a share that it cannot mount for one.");
                    break;
            }
        }
    }

    private static IEnumerable<Finding> Waiting(Symptoms seen, StatusReport status) =>
        from pods in status.Pending
        select new Finding(
            Severity.Warning, pods.Count == 1 ? $"pod {pods.First}" : $"{pods.Count} pods like {pods.First}", $"wait: {pods.Reason}", $"'ebb why{seen.Flag} {pods.First[(pods.First.IndexOf('/') + 1)..]}' says more.");

    private static IEnumerable<Finding> Nodes(Symptoms seen)
    {
        var machines = StatesByNode(seen);
        foreach (var node in seen.Nodes.Where(node => !node.Ready && seen.Now - node.CreatedAt > Settled))
        {
            var state = machines.GetValueOrDefault(node.Name);
            if (state is "stopped" or "leaving")
            {
                // As somebody wanted it.
                continue;
            }

            var gone = node.ProviderId.Contains("/virtualMachineScaleSets/", StringComparison.OrdinalIgnoreCase) && state is null;
            yield return gone
                ? new(Severity.Warning, $"node {node.Name}", "has no machine any more", $"The controller deletes it within a minute; else: kubectl delete node {node.Name}")
                : new(Severity.Broken, $"node {node.Name}", $"is not ready{Decided(seen, node)}", $"kubectl describe node {node.Name} says since when. {Revival(seen, node, ofPool: state is not null)}");
        }
    }

    /// <summary>What commands that were killed have left: the scheduler passes such a node over, and the controller keeps its machine.</summary>
    private static IEnumerable<Finding> Holds(Symptoms seen)
    {
        var machines = StatesByNode(seen);
        foreach (var node in seen.Nodes)
        {
            if (node.Hold is not { } hold)
            {
                continue;
            }

            // A hold until the start outlives its command, but not the start.
            var state = machines.GetValueOrDefault(node.Name);
            var runs = node.Ready && state is not (null or "stopped" or "leaving");
            if ((hold with { UntilStart = hold.UntilStart && !runs }).IsLeftBehind(seen.Now))
            {
                yield return new(
                    Severity.Warning,
                    $"node {node.Name}",
                    $"is still held by a command that was killed or cut short{(hold.By is { } by ? $", of {by}" : "")}: it takes no work, and its machine is never removed",
                    state is not null ? $"'ebb start{seen.Flag} -m {node.Name}' takes the hold off{(hold.UntilStart ? "" : ", as any command on machines does")}."
                        : node.ControlPlane && !seen.Groups.IsEmpty ? $"'ebb up{seen.Flag}' carries on with it, and takes the hold off."
                        : $"kubectl annotate node {node.Name} {Marks.Operating}- {Marks.Keep}-; kubectl uncordon {node.Name}");
            }
        }
    }

    private static Dictionary<string, string> StatesByNode(Symptoms seen) =>
        (seen.Status?.Machines ?? []).Where(m => m.Node is not null).DistinctBy(m => m.Node).ToDictionary(m => m.Node!, m => m.State);

    /// <summary>What the controller makes of it: it removes what is dead by itself, and says what it waits for.</summary>
    private static string Decided(Symptoms seen, NodeSign node) =>
        seen.Status?.Machines.FirstOrDefault(machine => machine.Node == node.Name) is { Reason.Length: > 0 } machine ? $" ({machine.Reason})" : "";

    private static string Revival(Symptoms seen, NodeSign node, bool ofPool)
    {
        if (ofPool)
        {
            // What runs there cannot be told to leave any more.
            return $"If its kubelet is dead: 'ebb restart{seen.Flag} -m {node.Name} --force'.";
        }

        if (!node.ControlPlane || seen.Groups.IsEmpty)
        {
            return "Its machine is of no pool: see to it where it runs.";
        }

        var index = seen.ControlPlane?.Names.IndexOf(node.Name) ?? -1;
        return $"'ebb up{seen.Flag}' starts its machine if that is stopped, and makes it anew if it is gone; {(index < 0 ? $"'ebb logs{seen.Flag}'" : $"'ebb logs{seen.Flag} -m {index}'")} shows what it says.";
    }

    private static string Names(IEnumerable<string> names)
    {
        var all = names.Distinct().ToList();
        return all.Count <= 3 ? string.Join(", ", all) : $"{string.Join(", ", all.Take(3))} and {all.Count - 3} more";
    }
}
