using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Kubelet;

/// <summary>
/// What hollow kubelets ask of an API server: the embedded one's store, or a real one over HTTP. Called under the agenda's
/// gate; nothing here waits, and what is written may take effect later.
/// </summary>
internal interface IKubeletApi
{
    Agenda Agenda { get; }

    /// <summary>Writes the Node object, then calls <see cref="HollowKubelet.Registered"/>.</summary>
    void Register(HollowKubelet kubelet);

    /// <summary>Says that the node may take pods.</summary>
    void SayReady(HollowKubelet kubelet);

    /// <summary>Says that the kubelet lives; what it says holds for four times <paramref name="every"/>.</summary>
    void RenewLease(HollowKubelet kubelet, TimeSpan every);

    /// <summary>The node as last seen; null when it is gone.</summary>
    NodeView? Node(string name);

    /// <summary>Deletes a Node object, when it still is that of this machine.</summary>
    void DeleteNode(string name, string providerId);

    /// <summary>The pod as last seen; null when it is gone, or is another of that name.</summary>
    KubeObject? Pod(PodView pod);

    /// <summary>All pods bound to a node, finished ones too.</summary>
    IReadOnlyCollection<KubeObject> PodsOn(string node);

    /// <summary>Writes what the kubelet says of a pod that is there.</summary>
    /// <param name="fillIn">Changes <c>status</c>, and nothing else of the object.</param>
    void WriteStatus(HollowKubelet kubelet, PodView pod, Action<JsonObject> fillIn);

    /// <summary>Lets a deleted pod go, all of whose containers have ended.</summary>
    void ConfirmEnd(HollowKubelet kubelet, PodView pod);

    /// <summary>Writes an Event about a pod that is there.</summary>
    void Tell(HollowKubelet kubelet, KubeObject pod, string reason, string message);
}
