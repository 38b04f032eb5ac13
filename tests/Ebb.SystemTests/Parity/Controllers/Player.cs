using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Ebb.SystemTests.Parity.Controllers;

/// <summary>
/// Plays all kubelets of one side over HTTP, the same on both: registers nodes, keeps their Leases, starts pods and confirms
/// their end, each as the scenario says.
/// </summary>
internal sealed class Player(Side side)
{
    public const string ScenarioLabel = "scenario";

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(1);

    private readonly Channel<JsonObject> _seen = Channel.CreateUnbounded<JsonObject>();
    private readonly ConcurrentDictionary<string, Manner> _manners = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _alive = new(StringComparer.Ordinal);

    public Manner MannerOf(string ns) => _manners.GetOrAdd(ns, _ => new Manner());

    public void See(JsonObject pod) => _seen.Writer.TryWrite(pod);

    public Task RunAsync(CancellationToken ct) => Task.WhenAll([HeartbeatsAsync(ct), .. Enumerable.Range(0, 4).Select(_ => PlayAsync(ct))]);

    /// <summary>Creates a node and says that it is ready.</summary>
    public async Task RegisterAsync(string name, string? scenario, JsonObject? more, CancellationToken ct)
    {
        var node = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Node",
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["labels"] = scenario is null
                    ? new JsonObject { ["shared"] = "true" }
                    : new JsonObject { [ScenarioLabel] = scenario, ["n"] = name[(scenario.Length + 1)..] },
            },
            ["spec"] = new JsonObject(),
        };
        if (scenario is not null)
        {
            // So that nobody else's pods come here.
            node["spec"]!["taints"] = new JsonArray(new JsonObject { ["key"] = ScenarioLabel, ["value"] = scenario, ["effect"] = "NoSchedule" });
        }

        await side.CreateAsync(Merging.Into(node, more), ct);
        await BeatAsync(name, create: true, ct);
        await SayReadyAsync(name, true, ct);
        _alive[name] = true;
    }

    /// <summary>The kubelet falls silent, or is heard again.</summary>
    public async Task SpeakAsync(string node, bool alive, CancellationToken ct)
    {
        _alive[node] = alive;
        if (alive)
        {
            await BeatAsync(node, create: false, ct);
            await SayReadyAsync(node, true, ct);
        }
    }

    public Task SayReadyAsync(string node, bool ready, CancellationToken ct) => SayAsync(node, ready, new HashSet<string>(), ct);

    /// <param name="pressures">Conditions that hold, such as MemoryPressure.</param>
    public Task SayAsync(string node, bool ready, IReadOnlySet<string> pressures, CancellationToken ct)
    {
        var conditions = new JsonArray();
        foreach (var (type, status, reason) in new[]
        {
            ("MemoryPressure", pressures.Contains("MemoryPressure"), "KubeletHasSufficientMemory"),
            ("DiskPressure", pressures.Contains("DiskPressure"), "KubeletHasNoDiskPressure"),
            ("PIDPressure", pressures.Contains("PIDPressure"), "KubeletHasSufficientPID"), ("Ready", ready, ready ? "KubeletReady" : "KubeletNotReady"),
        })
        {
            conditions.Add(new JsonObject
            {
                ["type"] = type,
                ["status"] = status ? "True" : "False",
                ["reason"] = reason,
                ["lastHeartbeatTime"] = Now(),
                ["lastTransitionTime"] = Now(),
            });
        }

        var room = new JsonObject { ["cpu"] = "1000", ["memory"] = "1000Gi", ["pods"] = "1000" };
        return side.PatchAsync("Node", null, node + "/status", new JsonObject
        {
            ["status"] = new JsonObject { ["capacity"] = room, ["allocatable"] = room.DeepClone(), ["conditions"] = conditions },
        }, ct);
    }

    public Task SetAsync(JsonObject pod, string phase, bool ready, CancellationToken ct) =>
        side.PatchAsync("Pod", NamespaceOf(pod), NameOf(pod) + "/status", Pods.Status(pod, phase, ready), ct);

    /// <summary>Its container has been started again, so many times by now.</summary>
    public Task RestartAsync(JsonObject pod, int times, CancellationToken ct)
    {
        var status = Pods.Status(pod, "Running", ready: true);
        status["status"]!["containerStatuses"]![0]!["restartCount"] = times;
        return side.PatchAsync("Pod", NamespaceOf(pod), NameOf(pod) + "/status", status, ct);
    }

    public Task ConfirmAsync(JsonObject pod, CancellationToken ct) =>
        side.DeleteAsync("Pod", NamespaceOf(pod), NameOf(pod), new JsonObject
        {
            ["gracePeriodSeconds"] = 0,
            ["preconditions"] = new JsonObject { ["uid"] = (string)pod["metadata"]!["uid"]! },
        }, ct);

    private async Task PlayAsync(CancellationToken ct)
    {
        await foreach (var pod in _seen.Reader.ReadAllAsync(ct))
        {
            var manner = MannerOf(NamespaceOf(pod));
            if (Pods.NodeOf(pod).Length == 0 || !_alive.GetValueOrDefault(Pods.NodeOf(pod)))
            {
                continue;
            }

            try
            {
                if (Pods.IsGoing(pod))
                {
                    if (manner.Confirms)
                    {
                        await ConfirmAsync(pod, ct);
                    }
                }
                else if (manner.Runs && Pods.PhaseOf(pod) == "Pending")
                {
                    await SetAsync(pod, "Running", ready: true, ct);
                }
            }
            catch (ApiRefusedException e) when (e.Status is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
            {
                // It is gone, or there is a newer event of it.
            }
        }
    }

    private async Task HeartbeatsAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Heartbeat, TimeProvider.System);
        while (await timer.WaitForNextTickAsync(ct))
        {
            foreach (var node in _alive.Where(pair => pair.Value).Select(pair => pair.Key))
            {
                try
                {
                    await BeatAsync(node, create: false, ct);
                }
                catch (ApiRefusedException e) when (e.Status is HttpStatusCode.NotFound)
                {
                    // The garbage collector took the Lease along with its node.
                }
            }
        }
    }

    private Task<JsonObject> BeatAsync(string node, bool create, CancellationToken ct)
    {
        var spec = new JsonObject
        {
            ["holderIdentity"] = node,
            ["leaseDurationSeconds"] = 40,
            ["renewTime"] = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture),
        };
        return create
            ? side.CreateAsync(new JsonObject
            {
                ["apiVersion"] = "coordination.k8s.io/v1",
                ["kind"] = "Lease",
                ["metadata"] = new JsonObject { ["name"] = node, ["namespace"] = "kube-node-lease" },
                ["spec"] = spec,
            }, ct)
            : side.PatchAsync("Lease", "kube-node-lease", node, new JsonObject { ["spec"] = spec }, ct);
    }

    private static string Now() => TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string NamespaceOf(JsonObject pod) => (string)pod["metadata"]!["namespace"]!;

    private static string NameOf(JsonObject pod) => (string)pod["metadata"]!["name"]!;
}

/// <summary>How the kubelets treat one scenario's pods.</summary>
internal sealed class Manner
{
    /// <summary>Pods are ready as soon as they are bound; otherwise only when the scenario says so.</summary>
    public bool Runs { get; set; } = true;

    /// <summary>Deleted pods are gone at once; otherwise only when the scenario says so.</summary>
    public bool Confirms { get; set; } = true;
}
