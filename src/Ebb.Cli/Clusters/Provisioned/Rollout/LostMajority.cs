using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned.Hardware;
using Ebb.Cli.Provisioning;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned.Rollout;

/// <summary>
/// So many machines of a control plane are gone that those left are no majority of its store: the API answers nothing, nobody can be taken
/// out of the store or into it, and what they hold is all that there is. That the others do not come back only a person can say, as k3s wants
/// it (https://docs.k3s.io/datastore/ha-embedded, and 'cluster-reset' of https://docs.k3s.io/cli/etcd-snapshot).
/// </summary>
/// <param name="What">Who is gone, and what that means.</param>
/// <param name="Remedy">What to do, in its order.</param>
internal sealed record LostMajority(string What, string Remedy)
{
    /// <param name="machines">In their order, with what each last reported: also those that are gone.</param>
    /// <param name="there">Those that are there, whether or not the file asks for them.</param>
    /// <param name="flag">How commands about this cluster go on.</param>
    public static LostMajority? Of(ImmutableArray<ReportedMachine> machines, IReadOnlyCollection<VirtualMachine> there, ResourceNames names, string flag)
    {
        var members = machines.Where(machine => machine.State is { Store: true }).ToLookup(machine => machine.HoldsStore(there), machine => machine.Name);
        ImmutableArray<string> left = [.. members[true]], gone = [.. members[false]];

        // The file may ask for fewer than there are, and of those nobody was asked what they hold.
        var others = there.Count(one => machines.All(machine => !machine.Name.Equals(one.Name, StringComparison.OrdinalIgnoreCase)));
        return left.IsEmpty || left.Length + others > gone.Length ? null : new LostMajority(Told(left, gone), Steps(left, names, flag));
    }

    private static string Told(ImmutableArray<string> left, ImmutableArray<string> gone) =>
        $"{Listed(gone)} {(gone.Length == 1 ? "is" : "are")} gone, and {Listed(left)} alone {(left.Length == 1 ? "is" : "are")} no majority of the control plane's store: "
        + $"the API answers nothing, no machine can join, and what Kubernetes held is on {(left.Length == 1 ? "that disk" : "those disks")} only, which 'ebb down' would delete.";

    // k3s refuses to reset a server that is told to join others ("cannot perform cluster-reset while server URL is set"). One that has a store
    // needs no word of how it came to it.
    private static string Steps(ImmutableArray<string> left, ResourceNames names, string flag)
    {
        ImmutableArray<string> rest = left[1..];
        return $"'ebb proxy{flag} -m {ControlPlaneParts.IndexOf(names, left[0])}' logs in to {left[0]}. There: 'sudo systemctl stop k3s', "
            + "\"sudo sed -i '/^server:/d' /etc/rancher/k3s/config.yaml.d/10-machine.yaml\", 'sudo k3s server --cluster-reset', which ends by itself, and 'sudo systemctl start k3s'. "
            + (rest.IsEmpty ? "" : $"On {Listed(rest)} stop k3s before that, too. ")
            + "Once 'kubectl get nodes' answers, "
            + (rest.IsEmpty ? "" : $"delete {Listed(rest)} ({string.Join(", ", rest.Select(name => $"'az vm delete -g {names.Cluster.Cloud.ComputeGroup} -n {name}'"))}), and ")
            + $"'ebb up{flag}' makes the others anew.";
    }

    private static string Listed(ImmutableArray<string> names) => string.Join(" and ", names);
}
