using System.Text;
using Ebb.Sandbox.Kubernetes.Api;
using Ebb.Sandbox.Kubernetes.Store;
using Microsoft.AspNetCore.Http;

namespace Ebb.Sandbox.Kubernetes.Face;

/// <summary>Follows a container's log until the container ends.</summary>
internal sealed class LogStream(KubeApi api)
{
    // Logs of hollow pods are not pushed; this is often enough to read along.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    public static bool IsFollowed(ApiRequest request) => request.Method == "GET"
        && request.Path.EndsWith("/log", StringComparison.Ordinal)
        && request.Query.Contains("follow=true", StringComparison.Ordinal);

    public async Task RunAsync(HttpContext http, ApiRequest request, CancellationToken ct)
    {
        // The first part also checks whether there is anything to follow, and whether the user may.
        var first = api.Handle(request);
        http.Response.StatusCode = first.Code;
        http.Response.ContentType = first.ContentType;
        if (first.Code != 200)
        {
            await http.Response.BodyWriter.WriteAsync(first.Body, ct);
            return;
        }

        var (pod, container, options) = api.ResolveLog(request);
        var sent = Lines(pod, container).Count;
        await http.Response.BodyWriter.WriteAsync(first.Body, ct);
        using var timer = new PeriodicTimer(LookEvery, api.Store.Agenda.Time);
        var running = true;
        while (running)
        {
            await timer.WaitForNextTickAsync(ct);
            string text;
            lock (api.Store.Agenda.Gate)
            {
                var now = api.Store.Get(Kinds.Pod, pod.Namespace, pod.Name);
                running = now is not null && now.Uid == pod.Uid && IsRunning(now, container);
                var lines = Lines(now ?? pod, container);
                text = lines.Count > sent ? options.Format(lines, sent) : "";
                sent = Math.Max(sent, lines.Count);
            }

            if (text.Length > 0)
            {
                await http.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(text), ct);
            }
        }
    }

    private IReadOnlyList<Kubelet.LogLine> Lines(KubeObject pod, string container)
    {
        lock (api.Store.Agenda.Gate)
        {
            return api.Logs?.Invoke(pod, container, false) ?? [];
        }
    }

    private static bool IsRunning(KubeObject pod, string container) =>
        pod.Json.Objects("status", "containerStatuses").Concat(pod.Json.Objects("status", "initContainerStatuses"))
            .Any(s => s.Text("name") == container && s.Object("state", "terminated") is null);
}
