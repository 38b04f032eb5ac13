using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>The metrics API: what nodes and pods use.</summary>
internal sealed class Metrics(ObjectStore store)
{
    private const string ApiVersion = "metrics.k8s.io/v1beta1";

    // What the daemons of a node use beside its pods.
    private static readonly Usage Daemons = new(25, 200L * 1024 * 1024);

    public Func<KubeObject, (long CpuMilli, long MemoryBytes)?>? PodUsage { get; set; }

    public ApiResponse Answer(ApiRequest request, ResourcePath path)
    {
        if (path.Version != "v1beta1" || path.Plural is not ("nodes" or "pods") || request.Method != "GET")
        {
            throw ApiException.NoSuchPath();
        }

        var kind = path.Plural == "nodes" ? Kinds.Node : Kinds.Pod;
        if (path.Name.Length > 0)
        {
            var one = store.Get(kind, path.Namespace, path.Name);
            return one is not null && Write(one) is { } found
                ? new ApiResponse(200, Versions.Bytes(found))
                : throw ApiException.NotFound(path.Plural + ".metrics.k8s.io", path.Name);
        }

        var query = new Query(request.Query);
        var labels = LabelSelector.Parse(query["labelSelector"]);
        var fields = FieldSelector.Parse(query["fieldSelector"], kind);
        var items = new JsonArray();
        foreach (var item in store.List(kind, path.Namespace).Where(i => labels.Matches(i) && fields.Matches(i)))
        {
            if (Write(item) is { } json)
            {
                items.Add(json);
            }
        }

        return new ApiResponse(200, Versions.Bytes(new JsonObject
        {
            ["kind"] = kind.Name + "MetricsList",
            ["apiVersion"] = ApiVersion,
            ["metadata"] = new JsonObject(),
            ["items"] = items,
        }));
    }

    private JsonObject? Write(KubeObject item)
    {
        var json = new JsonObject
        {
            ["kind"] = item.Kind.Name + "Metrics",
            ["apiVersion"] = ApiVersion,
            ["metadata"] = new JsonObject
            {
                ["name"] = item.Name,
                ["creationTimestamp"] = Timestamps.Seconds(store.Agenda.Now),
                ["labels"] = item.Metadata["labels"]?.DeepClone(),
            },
            ["timestamp"] = Timestamps.Seconds(store.Agenda.Now),
            ["window"] = "15s",
        };
        if (item.Kind.Equals(Kinds.Node))
        {
            var used = store.PodsOn(item.Name).Select(UsageOf).Aggregate(
                Daemons, (sum, pod) => new Usage(sum.CpuMilli + pod.CpuMilli, sum.MemoryBytes + pod.MemoryBytes));
            json["usage"] = Write(used);
            return json;
        }

        if (item.Json.Text("status", "phase") != "Running")
        {
            return null;
        }

        json["metadata"]!["namespace"] = item.Namespace;
        var usage = UsageOf(item);
        var containers = item.Json.Objects("spec", "containers").Select(c => c.Text("name")).ToList();
        json["containers"] = new JsonArray([.. containers.Select((name, i) => new JsonObject
        {
            ["name"] = name,
            ["usage"] = Write(new Usage(Share(usage.CpuMilli, i), Share(usage.MemoryBytes, i))),
        })]);
        return json;

        long Share(long total, int i) => (total / containers.Count) + (i == 0 ? total % containers.Count : 0);
    }

    private Usage UsageOf(KubeObject pod)
    {
        if (pod.Json.Text("status", "phase") != "Running")
        {
            return default;
        }

        if (PodUsage is not null)
        {
            var (cpu, memory) = PodUsage(pod) ?? default;
            return new Usage(cpu, memory);
        }

        var requests = pod.Json.Objects("spec", "containers").Select(c => c.Object("resources", "requests")).ToList();
        return new Usage(
            (long)(requests.Sum(r => Views.Quantity.ValueOf(r?["cpu"])) * 1000), (long)requests.Sum(r => Views.Quantity.ValueOf(r?["memory"])));
    }

    private static JsonObject Write(Usage usage) => new()
    {
        ["cpu"] = usage.CpuMilli + "m",
        ["memory"] = (usage.MemoryBytes / 1024) + "Ki",
    };

    private readonly record struct Usage(long CpuMilli, long MemoryBytes);
}
