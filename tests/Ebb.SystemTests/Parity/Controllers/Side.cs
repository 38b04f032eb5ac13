using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Controllers;

/// <summary>One of the two clusters that are held against each other, spoken to in plain Kubernetes REST.</summary>
internal sealed class Side(string name, HttpClient http)
{
    private static readonly Dictionary<string, (string Root, string Plural)> Paths = new(StringComparer.Ordinal)
    {
        ["ConfigMap"] = ("api/v1", "configmaps"),
        ["Event"] = ("api/v1", "events"),
        ["Namespace"] = ("api/v1", "namespaces"),
        ["Node"] = ("api/v1", "nodes"),
        ["PersistentVolumeClaim"] = ("api/v1", "persistentvolumeclaims"),
        ["Pod"] = ("api/v1", "pods"),
        ["ReplicationController"] = ("api/v1", "replicationcontrollers"),
        ["ServiceAccount"] = ("api/v1", "serviceaccounts"),
        ["ControllerRevision"] = ("apis/apps/v1", "controllerrevisions"),
        ["DaemonSet"] = ("apis/apps/v1", "daemonsets"),
        ["Deployment"] = ("apis/apps/v1", "deployments"),
        ["ReplicaSet"] = ("apis/apps/v1", "replicasets"),
        ["StatefulSet"] = ("apis/apps/v1", "statefulsets"),
        ["Job"] = ("apis/batch/v1", "jobs"),
        ["Lease"] = ("apis/coordination.k8s.io/v1", "leases"),
    };

    public string Name { get; } = name;

    public Task<JsonObject> ListAsync(string kind, CancellationToken ct) =>
        SendAsync(HttpMethod.Get, $"{Paths[kind].Root}/{Paths[kind].Plural}", null, "", ct);

    public async Task<StreamReader> WatchAsync(string kind, string resourceVersion, CancellationToken ct)
    {
        var path = $"{Paths[kind].Root}/{Paths[kind].Plural}?watch=true&resourceVersion={resourceVersion}";
        var response = await http.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, ct);
        response.EnsureSuccessStatusCode();
        return new StreamReader(await response.Content.ReadAsStreamAsync(ct));
    }

    public Task<JsonObject> CreateAsync(JsonObject item, CancellationToken ct) =>
        SendAsync(HttpMethod.Post, PathOf((string)item["kind"]!, (string?)item["metadata"]!["namespace"], ""), item, "application/json", ct);

    public Task<JsonObject> PatchAsync(string kind, string? ns, string name, JsonObject patch, CancellationToken ct) =>
        SendAsync(HttpMethod.Patch, PathOf(kind, ns, name), patch, "application/merge-patch+json", ct);

    public Task<JsonObject> DeleteAsync(string kind, string? ns, string name, JsonObject options, CancellationToken ct) =>
        SendAsync(HttpMethod.Delete, PathOf(kind, ns, name), options, "application/json", ct);

    private static string PathOf(string kind, string? ns, string name)
    {
        var (root, plural) = Paths[kind];
        return root + (ns is null ? "/" : $"/namespaces/{ns}/") + plural + (name.Length == 0 ? "" : "/" + name);
    }

    /// <exception cref="ApiRefusedException">The server said anything but yes.</exception>
    private async Task<JsonObject> SendAsync(HttpMethod method, string path, JsonObject? body, string mediaType, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        }

        using var response = await http.SendAsync(request, ct);
        var text = await response.Content.ReadAsStringAsync(ct);
        return response.IsSuccessStatusCode
            ? JsonNode.Parse(text)!.AsObject()
            : throw new ApiRefusedException(response.StatusCode, $"{Name}: {method} {path}: {(int)response.StatusCode} {text}");
    }
}

/// <summary>What an API server answers to what it will not do.</summary>
internal sealed class ApiRefusedException(HttpStatusCode status, string message) : Exception(message)
{
    public HttpStatusCode Status { get; } = status;
}
