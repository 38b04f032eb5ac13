using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Kubelet;

/// <summary>The embedded API server, on whose store kubelets act directly: all takes effect at once.</summary>
internal sealed class StoreKubeletApi(ObjectStore store, EventRecorder events) : IKubeletApi
{
    public Agenda Agenda => store.Agenda;

    public void Register(HollowKubelet kubelet)
    {
        var (node, options, now) = (kubelet.Node, kubelet.Options, Agenda.Now);
        var written = store.Get(Kinds.Node, "", node.Name) is { } earlier
            ? store.Update(earlier, json => NodeObject.Adopt(json, node, options, now))
            : store.Create(Kinds.Node, NodeObject.New(node, options, now));
        kubelet.Registered(NodeView.Of(written));
    }

    public void SayReady(HollowKubelet kubelet)
    {
        var name = kubelet.Node.Name;
        if (store.Get(Kinds.Node, "", name) is { } node)
        {
            store.Update(node, json => NodeObject.SetReady(json, true, Agenda.Now));
            events.Normal(node, "kubelet", "NodeReady", $"Node {name} status is now: NodeReady", name);
        }
    }

    public void RenewLease(HollowKubelet kubelet, TimeSpan every)
    {
        var name = kubelet.Node.Name;
        if (store.Get(Kinds.Lease, LeaseObject.Namespace, name) is { } lease)
        {
            store.Update(lease, json => json.Sub("spec")["renewTime"] = Timestamps.Micros(Agenda.Now));
        }
        else if (store.Get(Kinds.Node, "", name) is { } node && store.Get(Kinds.Namespace, "", LeaseObject.Namespace) is { Deleting: false })
        {
            store.Create(Kinds.Lease, LeaseObject.New(name, node.Uid, every, Agenda.Now));
        }
    }

    public NodeView? Node(string name) => store.Get(Kinds.Node, "", name) is { } node ? NodeView.Of(node) : null;

    public void DeleteNode(string name, string providerId)
    {
        if (store.Get(Kinds.Node, "", name) is { } node && NodeObject.IsOf(node, providerId))
        {
            store.Delete(Kinds.Node, "", name, DeleteOptions.Default);
        }
    }

    public KubeObject? Pod(PodView pod) => store.Get(Kinds.Pod, pod.Namespace, pod.Name, pod.Uid);

    public IReadOnlyCollection<KubeObject> PodsOn(string node) => store.PodsOn(node);

    public void WriteStatus(HollowKubelet kubelet, PodView pod, Action<JsonObject> fillIn)
    {
        if (Pod(pod) is { } current)
        {
            store.Update(current, fillIn);
        }
    }

    public void ConfirmEnd(HollowKubelet kubelet, PodView pod)
    {
        if (Pod(pod) is not null)
        {
            store.Delete(Kinds.Pod, pod.Namespace, pod.Name, DeleteOptions.Now with { Uid = pod.Uid });
        }
    }

    public void Tell(HollowKubelet kubelet, KubeObject pod, string reason, string message) =>
        events.Normal(pod, "kubelet", reason, message, kubelet.Node.Name);
}
