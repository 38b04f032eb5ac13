using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api.Validation;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Sandbox.Kubernetes.Api;

/// <summary>What can be done to a pod beside reading and writing it.</summary>
internal sealed class PodVerbs(ObjectStore store, ObjectVerbs verbs)
{
    public ApiResponse Answer(Call call, Form form, ReadLog? logs)
    {
        switch (call.Subresource, call.Request.Method)
        {
            case ("binding", "POST"):
                return Bind(call);
            case ("eviction", "POST"):
                return Evict(call);
            case ("log", "GET"):
                return Log(call, logs);
            case ("ephemeralcontainers" or "resize", "GET"):
                return verbs.Get(call, form);
            case ("binding" or "eviction" or "log", _):
                throw ApiException.NotAllowed();
            case ("exec" or "attach" or "portforward" or "proxy", _):
                verbs.Current(call);
                throw ApiException.BadRequest(
                    $"the pods of this cluster run no real programs: {call.Subresource} is not possible");
            default:
                throw ApiException.NoSuchPath();
        }
    }

    public (KubeObject Pod, string Container, LogOptions Options) ResolveLog(Call call)
    {
        CheckLogOptions(call);
        var pod = verbs.Current(call);
        var containers = pod.Json.Objects("spec", "containers").Concat(pod.Json.Objects("spec", "initContainers"))
            .Select(c => c.Text("name") ?? "").ToList();
        var container = call.Query["container"];
        if (container is null)
        {
            var main = pod.Json.Objects("spec", "containers").Select(c => c.Text("name") ?? "").ToList();
            if (main.Count > 1)
            {
                throw ApiException.BadRequest(
                    $"a container name must be specified for pod {pod.Name}, choose one of: [{string.Join(' ', main)}]");
            }

            container = main.FirstOrDefault() ?? "";
        }
        else if (!containers.Contains(container))
        {
            throw ApiException.BadRequest($"container {container} is not valid for pod {pod.Name}");
        }

        var since = call.Query.Whole("sinceSeconds");
        return (pod, container, new LogOptions
        {
            Follow = call.Query.IsTrue("follow"),
            Previous = call.Query.IsTrue("previous"),
            Timestamps = call.Query.IsTrue("timestamps"),
            TailLines = call.Query.Whole("tailLines"),
            LimitBytes = call.Query.Whole("limitBytes"),
            Since = since is { } seconds ? store.Agenda.Now.AddSeconds(-seconds) : Timestamps.Parse(call.Query["sinceTime"]),
        });
    }

    private static void CheckLogOptions(Call call)
    {
        var problems = new Problems("", "PodLogOptions", call.Name);
        if (call.Query.Whole("tailLines") is < 0 and var lines)
        {
            problems.Add(Problem.Invalid("tailLines", lines, "must be greater than or equal to 0"));
        }

        if (call.Query.Whole("limitBytes") is < 1 and var bytes)
        {
            problems.Add(Problem.Invalid("limitBytes", bytes, "must be greater than 0"));
        }

        if (call.Query["sinceSeconds"] is not null && call.Query["sinceTime"] is not null)
        {
            problems.Add(Problem.Forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
        }
        else if (call.Query.Whole("sinceSeconds") is < 1 and var seconds)
        {
            problems.Add(Problem.Invalid("sinceSeconds", seconds, "must be greater than 0"));
        }

        problems.ThrowIfAny();
    }

    private ApiResponse Log(Call call, ReadLog? logs)
    {
        var (pod, container, options) = ResolveLog(call);
        var status = pod.Json.Objects("status", "containerStatuses").Concat(pod.Json.Objects("status", "initContainerStatuses"))
            .FirstOrDefault(s => s.Text("name") == container);
        if (pod.NodeName.Length == 0)
        {
            // There is nothing yet, and nobody to ask.
            return new ApiResponse(204, ReadOnlyMemory<byte>.Empty) { ContentType = "" };
        }

        if (status is null || status.Object("state", "waiting") is not null)
        {
            var reason = status.Text("state", "waiting", "reason") ?? "ContainerCreating";
            throw ApiException.BadRequest(
                $"container \"{container}\" in pod \"{pod.Name}\" is waiting to start: {reason}");
        }

        if (options.Previous && (status.Whole("restartCount") ?? 0) == 0)
        {
            throw ApiException.BadRequest(
                $"previous terminated container \"{container}\" in pod \"{pod.Name}\" not found");
        }

        var text = options.Format(logs?.Invoke(pod, container, options.Previous) ?? []);
        return new ApiResponse(200, Encoding.UTF8.GetBytes(text)) { ContentType = "text/plain" };
    }

    private ApiResponse Bind(Call call)
    {
        var body = ReadLoose(call);
        var name = call.Name.Length > 0 ? call.Name : body.Text("metadata", "name") ?? "";
        var node = body.Text("target", "name");
        if (string.IsNullOrEmpty(node))
        {
            throw ApiException.Unforeseen("target.name: Required value");
        }

        if (body.Text("target", "kind") is { } kind and not ("" or "Node"))
        {
            throw ApiException.Unforeseen($"target.kind: Unsupported value: \"{kind}\": supported values: \"Node\", \"<empty>\"");
        }

        var pod = store.Get(Kinds.Pod, call.Namespace, name) ?? throw ApiException.NotFound("pods", name);
        if (body.Text("metadata", "uid") is { Length: > 0 } uid && uid != pod.Uid)
        {
            throw ApiException.Conflict(
                "pods/binding", name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {pod.Uid}");
        }

        Pods.Bind(store, pod, node, call.DryRun, body.Object("metadata", "annotations"));
        return Success(201);
    }

    private ApiResponse Evict(Call call)
    {
        var body = ReadLoose(call);
        if (body.Text("kind") is { } kind and not "Eviction")
        {
            throw ApiException.BadRequest(
                $"{kind} in version \"v1\" cannot be handled as a Eviction: no kind \"{kind}\" is registered at this path");
        }

        if (body.Text("metadata", "name") != call.Name)
        {
            throw ApiException.BadRequest("name in URL does not match name in Eviction object");
        }

        var pod = verbs.Current(call);
        var options = DeletionReading.Read(call, body?["deleteOptions"]);
        Pods.Evict(store, pod, options);
        return Success(201);
    }

    private static JsonObject? ReadLoose(Call call)
    {
        var body = call.ReadBody();
        return body.ValueKind == System.Text.Json.JsonValueKind.Object
            ? JsonObject.Create(body) : throw ApiException.BadRequest("the request body is not an object");
    }

    private static ApiResponse Success(int code) => new(code, Versions.Bytes(new JsonObject
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["status"] = "Success",
        ["code"] = code,
    }));
}
