using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>
/// Plays the controller of volumes for one pod: the scheduler names the node of a claim that waits, and binds the pod only
/// once the claim has its volume.
/// </summary>
internal sealed class Provisioning(RealApi api, JsonObject pod, ImmutableArray<JsonObject> claims)
{
    private const string SelectedNode = "volume.kubernetes.io/selected-node";

    private readonly ImmutableArray<string> _unbound =
    [
        .. from volume in (pod["spec"]!["volumes"] as JsonArray ?? []).OfType<JsonObject>()
           let name = (string?)volume["persistentVolumeClaim"]?["claimName"]
           where name is not null
           from claim in claims
           where (string?)claim["metadata"]!["name"] == name
               && (string?)claim["metadata"]!["namespace"] == (string?)pod["metadata"]!["namespace"]
               && claim["spec"]!["volumeName"] is null
           select name,
    ];

    /// <summary>Where the scheduler wants a volume, and with it the pod; null before it has said.</summary>
    public string? Node { get; private set; }

    /// <summary>Gives claims their volumes as far as the scheduler has chosen.</summary>
    /// <returns>Whether the node is known that way.</returns>
    public async Task<bool> ServeAsync(CancellationToken ct)
    {
        if (_unbound.IsEmpty)
        {
            return false;
        }

        var bound = 0;
        foreach (var name in _unbound)
        {
            var path = $"/api/v1/namespaces/{pod["metadata"]!["namespace"]}/persistentvolumeclaims/{name}";
            var claim = await api.GetAsync(path, ct);
            bound += claim["spec"]!["volumeName"] is not null || await ServeAsync(path, claim, ct) ? 1 : 0;
        }

        return Node is not null && bound == _unbound.Length;
    }

    private async Task<bool> ServeAsync(string path, JsonObject claim, CancellationToken ct)
    {
        var uid = (string)claim["metadata"]!["uid"]!;
        if ((string?)claim["metadata"]!["annotations"]?[SelectedNode] is { } node)
        {
            Node = node;
            var volume = Furniture.Provisioned(claim, node);
            await api.PostAsync("/api/v1/persistentvolumes", volume, ct);
            await BindAsync(path, (string)volume["metadata"]!["name"]!, ct);
            return true;
        }

        var volumes = await api.GetAsync("/api/v1/persistentvolumes", ct);
        if (volumes["items"]!.AsArray().FirstOrDefault(v => (string?)v!["spec"]!["claimRef"]?["uid"] == uid) is not { } reserved)
        {
            return false;
        }

        await BindAsync(path, (string)reserved["metadata"]!["name"]!, ct);
        return true;
    }

    private Task<JsonObject> BindAsync(string claim, string volume, CancellationToken ct) => api.PatchAsync(
        claim,
        new JsonObject
        {
            ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["pv.kubernetes.io/bind-completed"] = "yes" } },
            ["spec"] = new JsonObject { ["volumeName"] = volume },
        },
        ct);
}
