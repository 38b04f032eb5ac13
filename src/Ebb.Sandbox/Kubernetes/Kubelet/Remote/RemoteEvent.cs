using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Kubelet.Remote;

/// <summary>An Event, told once: one that does not arrive is no loss.</summary>
internal sealed class RemoteEvent(ApiHttp api, string ns, JsonObject content) : PendingWrite
{
    public override async Task<bool> WriteAsync(CancellationToken ct)
    {
        await api.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/events", content, ct);
        return true;
    }
}
