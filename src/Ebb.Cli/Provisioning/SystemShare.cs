using System.Collections.Immutable;

namespace Ebb.Cli.Provisioning;

/// <summary>
/// What lies where on the private share from which control-plane machines take what they need. It is on an account of its own:
/// who has the key of an account reads all of it, and machines of pools have the other account's key to mount their shares.
/// </summary>
internal static class SystemShare
{
    public const string Name = "ebb-system";

    public const int QuotaGiB = 100;

    /// <summary>The program <c>ebb</c> for control-plane machines.</summary>
    public const string Ebb = "bin/ebb";

    /// <summary>The join server's certificate, which names every control-plane machine's address, and its key.</summary>
    public const string JoinCertificate = "join/server.crt";

    public const string JoinKey = "join/server.key";

    /// <summary>The authority that signed it, whose hash all machines have.</summary>
    public const string JoinAuthority = "join/ca.crt";

    /// <summary>The password with which servers join each other, one line.</summary>
    public const string ServerToken = "k3s/token";

    /// <summary>The password with which machines join where single-use tokens do not exist, one line.</summary>
    public const string AgentToken = "k3s/agent-token";

    /// <summary>With what the controller and the join server speak to the API server of their own machine: the role in <c>examples/rbac.yaml</c>.</summary>
    public const string ControllerKubeconfig = "ebb/kubeconfig";

    /// <summary>
    /// How often the keys had changed by rotations when they were last copied here, one number: no machine takes it. It tells computers
    /// that have a copy of the keys whether theirs is outdated.
    /// </summary>
    public const string KeyChanges = "ebb/key-changes";

    /// <summary>Present where the control plane joins a Tailscale network: its key, one line.</summary>
    public const string TailscaleKey = "tailscale/key";

    /// <summary>Files for machines that reach nothing outside.</summary>
    public const string AirGap = "airgap/";

    /// <summary>Where in the share the cluster's own authorities lie; below it as in <see cref="Authorities"/>.</summary>
    public const string Pki = "k3s/tls/";

    /// <summary>
    /// Where on a control-plane machine those lie that k3s is to take up in place of others: a directory as k3s' own, below which they
    /// are in <c>tls/</c>.
    /// </summary>
    public const string Staged = "/var/lib/ebb/authorities";

    /// <summary>By their names in k3s' own directory, which takes them for its own when they are there before its first start.</summary>
    public static ImmutableArray<string> Authorities { get; } =
    [
        "server-ca.crt", "server-ca.key",
        "client-ca.crt", "client-ca.key",
        "request-header-ca.crt", "request-header-ca.key",
        "etcd/server-ca.crt", "etcd/server-ca.key",
        "etcd/peer-ca.crt", "etcd/peer-ca.key",
        "service.key",
    ];

    /// <summary>What every control-plane machine is to be: <see cref="Orders.ControlPlaneOrders"/>.</summary>
    public const string Wanted = "control-plane/wanted.json";

    /// <summary>Which of them may act on it now: <see cref="Orders.ControlPlaneTurn"/>.</summary>
    public const string Turn = "control-plane/turn.json";

    /// <summary>
    /// Present once a control plane of several machines has begun its cluster: a machine that is made anew joins the others then, and
    /// never begins a second one. Written by the machines.
    /// </summary>
    public const string Begun = "control-plane/begun.json";

    /// <summary>How far one control-plane machine is: <see cref="Orders.ControlPlaneState"/>.</summary>
    public static string State(string machine) => $"control-plane/state/{machine}.json";

    /// <summary>The agent for machines of pools, by architecture.</summary>
    public static string Agent(string architecture) => $"bin/ebb-agent-{architecture}";
}
