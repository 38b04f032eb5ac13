using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Kubelet.Remote;

/// <summary>The Lease of one hollow kubelet.</summary>
internal sealed class RemoteLease(ApiHttp api, Agenda agenda, RemoteNode node, TimeSpan every) : PendingWrite
{
    private const string Collection = $"/apis/coordination.k8s.io/v1/namespaces/{LeaseObject.Namespace}/leases";

    public HollowKubelet Kubelet => node.Kubelet;

    public override async Task<bool> WriteAsync(CancellationToken ct)
    {
        var name = Kubelet.Node.Name;
        if (!agenda.Held(() => Kubelet.Alive))
        {
            return true;
        }

        var renewal = new JsonObject { ["spec"] = LeaseObject.Spec(name, every, agenda.Now) };
        var answer = await api.SendAsync(HttpMethod.Patch, $"{Collection}/{name}", renewal, ct, ApiHttp.MergePatch);
        if (answer.NotFound)
        {
            answer = await api.SendAsync(HttpMethod.Post, Collection, LeaseObject.New(name, node.Uid, every, agenda.Now), ct);
        }

        // What is refused now is due again anyway; only an API server that is busy is asked again before that.
        return (int)answer.Code < 500;
    }
}
