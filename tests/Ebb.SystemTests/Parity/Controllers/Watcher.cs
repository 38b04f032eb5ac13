using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Controllers;

/// <summary>Watches one side and gives each namespace its story. A scenario's own nodes are told of in its namespace's.</summary>
internal sealed class Watcher(Side side, Action<JsonObject> onPod)
{
    private static readonly string[] Kinds =
    [
        "ConfigMap", "ControllerRevision", "DaemonSet", "Deployment", "Event", "Job", "Node", "PersistentVolumeClaim", "Pod",
        "ReplicaSet", "ReplicationController", "StatefulSet",
    ];

    private readonly ConcurrentDictionary<string, Story> _stories = new(StringComparer.Ordinal);

    public Story StoryOf(string ns) => _stories.GetOrAdd(ns, name => new Story(name));

    /// <summary>Runs until it is cancelled; a watch that ends of itself is a failure.</summary>
    public Task RunAsync(CancellationToken ct) => Task.WhenAll(Kinds.Select(kind => FollowAsync(kind, ct)));

    private async Task FollowAsync(string kind, CancellationToken ct)
    {
        var list = await side.ListAsync(kind, ct);
        using var lines = await side.WatchAsync(kind, (string)list["metadata"]!["resourceVersion"]!, ct);
        while (await lines.ReadLineAsync(ct) is { } line)
        {
            var change = JsonNode.Parse(line)!;
            var (type, item) = ((string)change["type"]!, change["object"]!.AsObject());
            Assert.True(type is "ADDED" or "MODIFIED" or "DELETED", $"{side.Name}: the watch of {kind} said: {line}");
            if (NamespaceOf(item) is { } ns)
            {
                StoryOf(ns).See(type, item);
            }

            if (kind == "Pod" && type != "DELETED")
            {
                onPod(item);
            }
        }

        ct.ThrowIfCancellationRequested();
        Assert.Fail($"{side.Name}: the watch of {kind} ended.");
    }

    private static string? NamespaceOf(JsonObject item)
    {
        var metadata = item["metadata"]!;
        if ((string)item["kind"]! == "Event" && (string?)item["involvedObject"]?["kind"] == "Node")
        {
            return null;
        }

        return (string)item["kind"]! == "Node"
            ? (string?)metadata["labels"]?[Player.ScenarioLabel]
            : (string?)metadata["namespace"];
    }
}
