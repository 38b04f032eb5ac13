using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>Work for a farm: Jobs and pods that sleep, and how far they are.</summary>
/// <param name="api">Reaches the API server as one who may create them.</param>
internal sealed class FarmWork(HttpClient api)
{
    private const string Jobs = "/apis/batch/v1/namespaces/default/jobs";
    private const string Pods = "/api/v1/namespaces/default/pods";

    public Task JobAsync(string name, int pods, string cpu, TimeSpan sleep, CancellationToken ct) => SendAsync(
        HttpMethod.Post,
        Jobs,
        new JsonObject
        {
            ["apiVersion"] = "batch/v1",
            ["kind"] = "Job",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject
            {
                ["parallelism"] = pods,
                ["completions"] = pods,
                ["template"] = new JsonObject { ["spec"] = Spec(cpu, sleep) },
            },
        },
        ct);

    public Task PodAsync(string name, string label, string cpu, TimeSpan sleep, CancellationToken ct) => SendAsync(
        HttpMethod.Post,
        Pods,
        new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { [label] = "yes" } },
            ["spec"] = Spec(cpu, sleep),
        },
        ct);

    public async Task<(int Active, int Succeeded, int Failed)> StateAsync(string job, CancellationToken ct)
    {
        var status = (await SendAsync(HttpMethod.Get, $"{Jobs}/{job}", null, ct))["status"];
        return (Count("active"), Count("succeeded"), Count("failed"));

        int Count(string what) => (int?)status?[what] ?? 0;
    }

    /// <summary>The pods with a label, those of a Job by <c>job-name=NAME</c>.</summary>
    public async Task<IReadOnlyList<JsonNode>> PodsAsync(string selector, CancellationToken ct) =>
        [.. (await SendAsync(HttpMethod.Get, $"{Pods}?labelSelector={Uri.EscapeDataString(selector)}", null, ct))["items"]!.AsArray().OfType<JsonNode>()];

    /// <summary>How many pods there are at all.</summary>
    public async Task<int> CountPodsAsync(CancellationToken ct)
    {
        var list = await SendAsync(HttpMethod.Get, "/api/v1/pods?limit=1", null, ct);
        return list["items"]!.AsArray().Count + (int)((long?)list["metadata"]?["remainingItemCount"] ?? 0);
    }

    /// <summary>Whether a controller holds its Lease.</summary>
    public async Task<bool> IsLedAsync(CancellationToken ct)
    {
        var leases = await SendAsync(HttpMethod.Get, "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases", null, ct);
        return leases["items"]!.AsArray().Any(lease =>
            (string?)lease!["metadata"]!["name"] == "ebb-controller" && (string?)lease["spec"]!["holderIdentity"] is { Length: > 0 });
    }

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, JsonObject? body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await api.SendAsync(request, ct);
        var text = await response.Content.ReadAsStringAsync(ct);
        return response.IsSuccessStatusCode
            ? JsonNode.Parse(text) ?? throw new JsonException($"{method} {path} was answered with nothing.")
            : throw new HttpRequestException($"{method} {path}: {(int)response.StatusCode}: {text}", null, response.StatusCode);
    }

    private static JsonObject Spec(string cpu, TimeSpan sleep) => new()
    {
        ["restartPolicy"] = "Never",
        ["terminationGracePeriodSeconds"] = 1,
        ["containers"] = new JsonArray(new JsonObject
        {
            ["name"] = "work",
            ["image"] = "busybox",
            ["command"] = new JsonArray("sh", "-c", $"echo begins; sleep {(int)sleep.TotalSeconds}; echo done"),
            ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["cpu"] = cpu } },
        }),
    };
}
