using System.Collections.Immutable;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>Which components read what when they start, and so have to be started again once it changed.</summary>
internal static class PkiReaders
{
    private const string ApiServer = "kube-apiserver";

    private static readonly ImmutableArray<string> InOrder = ["etcd", ApiServer, "kube-controller-manager", "kube-scheduler"];

    /// <summary>All that read any of these, in the order they are restarted.</summary>
    public static ImmutableArray<string> Of(IEnumerable<string> names)
    {
        var readers = names.SelectMany(name => Of(name)).ToHashSet();
        return [.. InOrder.Where(readers.Contains)];
    }

    // None for what only people and Ebb itself use.
    private static ImmutableArray<string> Of(string name) => name switch
    {
        "apiserver" or "apiserver-kubelet-client" or "apiserver-etcd-client" or "front-proxy-client" or "encryption.yaml" => [ApiServer],
        "etcd/server" or "etcd/peer" or "etcd/healthcheck-client" => ["etcd"],
        "sa" => [ApiServer, "kube-controller-manager"],
        "controller-manager.conf" => ["kube-controller-manager"],
        "scheduler.conf" => ["kube-scheduler"],
        _ => [],
    };
}
