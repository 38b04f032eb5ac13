using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes.Api;
using Ebb.Sandbox.Kubernetes.Store;

namespace Ebb.Benchmarks.Scenes;

/// <summary>How long the sandbox takes to boot many hollow machines and run many pods on them, and what it holds then.</summary>
internal static class SandboxAtSize
{
    private static readonly Latency Instantly = Latency.Seconds(0, 0.1);

    public static async Task RunAsync(TextWriter to, int machines, int pods, string kind, CancellationToken ct)
    {
        var time = TimeProvider.System;
        var started = time.GetTimestamp();
        using var world = new SandboxWorld(time, new SandboxOptions
        {
            Cloud = new CloudOptions
            {
                Accept = Instantly,
                Create = Instantly,
                Boot = Instantly,
                Quotas = ImmutableSortedDictionary<string, int>.Empty.Add("cores", 1_000_000).Add("lowPriorityCores", 1_000_000),
            },
        });
        var ready = new HashSet<string>();
        var running = new HashSet<string>();
        world.Kubernetes.Store.Subscribe(See);
        var cloud = world.Cloud;
        cloud.PutResourceGroup("bench", cloud.Options.Location, null);
        var spec = new ScaleSetSpec { Size = "Standard_D4s_v5", Priority = Priority.Spot, Capacity = machines };
        if (cloud.CreateOrUpdateScaleSet("bench", "agents", spec.ToModel(cloud.Options.Location)).Error is { } refusal)
        {
            throw new InvalidOperationException($"{refusal.Code}: {refusal.Message}");
        }

        await UntilAsync(ready, machines);
        Say($"{machines:n0} machines are ready nodes");

        const string container = """{"name":"c","image":"debian","command":["sleep","600"],"resources":{"requests":{"cpu":"200m","memory":"256Mi"}}}""";
        var (path, workload) = kind == "Job"
            ? ("/apis/batch/v1/namespaces/default/jobs", $$"""
                {"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"work","namespace":"default"},
                 "spec":{"parallelism":{{pods}},"completions":{{pods}},"template":{"spec":{"restartPolicy":"Never","containers":[{{container}}]} } } }
                """)
            : ("/apis/apps/v1/namespaces/default/deployments", $$"""
                {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"work","namespace":"default"},
                 "spec":{"replicas":{{pods}},"selector":{"matchLabels":{"app":"work"} },
                 "template":{"metadata":{"labels":{"app":"work"} },"spec":{"containers":[{{container}}]} } } }
                """);
        var answer = world.Kubernetes.Api.Handle(new ApiRequest("POST", path) { Body = Encoding.UTF8.GetBytes(workload) });
        if (answer.Code != 201)
        {
            throw new InvalidOperationException(Encoding.UTF8.GetString(answer.Body.Span));
        }

        await UntilAsync(running, pods);
        Say($"{pods:n0} pods of a {kind} are running");

        // Counted as it happens: to look through ten thousand objects again and again would be most of what is measured.
        void See(StoreEvent change)
        {
            if (change.Object.Kind.Equals(Kinds.Node) && Condition(change.Object.Json, "Ready") == "True")
            {
                ready.Add(change.Object.Name);
            }
            else if (change.Object.Kind.Equals(Kinds.Pod) && (string?)change.Object.Json["status"]?["phase"] == "Running")
            {
                running.Add(change.Object.Name);
            }
        }

        async Task UntilAsync(HashSet<string> seen, int count)
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(250), time, ct);
                lock (world.Agenda.Gate)
                {
                    if (seen.Count >= count)
                    {
                        return;
                    }
                }
            }
        }

        void Say(string what)
        {
            using var process = Process.GetCurrentProcess();
            to.WriteLine(
                $"{time.GetElapsedTime(started).TotalSeconds,6:0.0} s  {process.WorkingSet64 / 1_000_000,5} MB resident "
                + $"({process.PeakWorkingSet64 / 1_000_000} MB at most)  {what}");
        }
    }

    private static string? Condition(JsonObject json, string type) =>
        (json["status"]?["conditions"] as JsonArray)?.FirstOrDefault(c => (string?)c?["type"] == type)?["status"]?.GetValue<string>();
}
