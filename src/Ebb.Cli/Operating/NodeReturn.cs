using Ebb.Acting;
using Ebb.Kubernetes.Objects;

namespace Ebb.Cli.Operating;

/// <summary>Whether a node has come back after its machine was started anew: ready, and by another boot than before.</summary>
/// <param name="Uid">Empty: there was no such node.</param>
internal sealed record NodeReturn(string Uid, string BootId, bool WasReady)
{
    public static async Task<NodeReturn> OfAsync(IKubernetes kubernetes, string node, CancellationToken ct) =>
        await kubernetes.NodeAsync(node, ct) is { } found
            ? new NodeReturn(found.Metadata.Uid, found.Status?.NodeInfo?.BootID ?? "", found.IsReady())
            : new NodeReturn("", "", false);

    public bool IsIn(V1Node? now) =>
        now is not null && now.IsReady()
        && (!WasReady || now.Metadata.Uid != Uid || (now.Status?.NodeInfo?.BootID ?? "") != BootId);
}
