using System.Net;
using Ebb.Sandbox.Cloud;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>
/// The one Kubernetes that all control-plane machines of a subscription run together, and how machines of its pools become nodes:
/// acted out in this process, or real beside it.
/// </summary>
internal interface IControlPlaneCluster : IAsyncDisposable
{
    KubernetesKind Kind { get; }

    /// <summary>What machines of pools are; null for those of an embedded one.</summary>
    MachineKind? Machines { get; }

    /// <summary>The machine runs it from now on, and starts it where it is the first.</summary>
    /// <param name="release">Of k3s; null for plain Kubernetes.</param>
    /// <param name="ranges">For plain Kubernetes; null for k3s.</param>
    Task<KubernetesPlace> RunAsync(Instance machine, string? release, KubernetesRanges? ranges, KubernetesAuthorities authorities, CancellationToken ct);

    /// <summary>The same for a machine that runs one: its part of the API starts anew, and whoever was connected connects again.</summary>
    Task<KubernetesPlace> RunAnewAsync(Instance machine, string? release, KubernetesRanges? ranges, KubernetesAuthorities authorities, CancellationToken ct);

    /// <summary>No machine runs it any more; what it holds stays.</summary>
    Task CloseAsync();

    /// <summary>What it held is gone, with the last machine that could have come back to it.</summary>
    Task ForgetAsync();

    /// <summary>Leads machines of pools to a control-plane machine's join server until what is returned is disposed of.</summary>
    Task<IAsyncDisposable> LeadAsync(Instance machine, IPEndPoint joinServer);
}

/// <summary>Where a cluster's API answers.</summary>
/// <param name="Here">To processes of this machine.</param>
/// <param name="Inside">To the cluster's machines.</param>
internal sealed record KubernetesPlace(Uri Here, Uri Inside);

/// <summary>Which addresses a cluster gives out.</summary>
/// <param name="Pods">Of which every node gets a part.</param>
internal sealed record KubernetesRanges(string Pods, string Services);

/// <summary>The directory with the keys that a cluster's API stands on, by k3s' names: see <see cref="Provisioning.SystemShare.Authorities"/>.</summary>
internal sealed record KubernetesAuthorities(string Directory)
{
    public string ServerCertificate => Of("server-ca.crt");

    public string ClientCertificate => Of("client-ca.crt");

    public string Of(string name) => Path.Combine(Directory, name);
}
