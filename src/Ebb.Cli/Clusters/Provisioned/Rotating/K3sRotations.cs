using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Cli.Clusters.Provisioned.Rotating;

/// <summary>What k3s' servers carry out for a rotation.</summary>
internal static class K3sRotations
{
    /// <summary>Null where they never had to.</summary>
    public static K3sRotation? Of(KeyState state, ResourceNames names) => state.K3s switch
    {
        null => null,

        // Its own certificates, on each server: https://docs.k3s.io/cli/certificate.
        { What: ClusterKeys.Certificates } order => new K3sRotation(order.Id, [["k3s", "certificate", "rotate"]]),

        // Once for the cluster, on the server that restarts first; the others only have to know the new one: https://docs.k3s.io/cli/token.
        { What: RotationKind.Passwords } order => new K3sRotation(
            order.Id, [["k3s", "token", "rotate", "--token", $"@{ServerToken}.before", "--new-token", $"@{ServerToken}.next"]])
        {
            On = names.ControlPlaneMachine(names.ControlPlane.First()),
        },
        // All of its own anew, on each server. Before October 2025 k3s went on showing the certificate on its port that the old authority
        // had signed, unless told so (k3s-io/k3s issue 13006). And a server that was made anew just before the store had the new
        // authorities takes them up now at the latest.
        { What: ClusterAuthorities.What, Phase: ClusterAuthorities.Signed } order => new K3sRotation(order.Id, [["k3s", "certificate", "rotate"]]),

        // Once for the cluster, since it is its store that has them; k3s hands them to each server that starts.
        { What: ClusterAuthorities.What } order => new K3sRotation(order.Id, [["k3s", "certificate", "rotate-ca", "--path", SystemShare.Staged]])
        {
            On = names.ControlPlaneMachine(names.ControlPlane.First()),
        },
        { What: var other } => throw new EbbException($"The cluster's keys say that servers carry out '{other}', which this Ebb does not know. Use a newer one."),
    };

    private const string ServerToken = "/etc/ebb/k3s/token";
}
