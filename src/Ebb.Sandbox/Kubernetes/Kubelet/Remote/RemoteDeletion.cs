using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Kubernetes.Kubelet.Remote;

/// <summary>The deletion of one object, and of no later one of its name.</summary>
internal sealed class RemoteDeletion(ApiHttp api, string path, string uid) : PendingWrite
{
    /// <param name="graceSeconds">Only of pods; null: what the object says.</param>
    public static JsonObject Options(string uid, int? graceSeconds = null)
    {
        var options = new JsonObject
        {
            ["kind"] = "DeleteOptions",
            ["apiVersion"] = "v1",
            ["preconditions"] = new JsonObject { ["uid"] = uid },
        };
        if (graceSeconds is { } seconds)
        {
            options["gracePeriodSeconds"] = seconds;
        }

        return options;
    }

    public override async Task<bool> WriteAsync(CancellationToken ct)
    {
        var answer = await api.SendAsync(HttpMethod.Delete, path, Options(uid), ct);
        return answer.Ok || answer.NotFound || answer.Conflict || answer.Refused;
    }
}
