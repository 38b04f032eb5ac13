using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>A cluster at rest, and pods that come to it one after the other: all of it as manifests.</summary>
internal sealed record SchedulerCase
{
    public required int Seed { get; init; }

    public ImmutableArray<JsonObject> Volumes { get; init; } = [];

    public ImmutableArray<JsonObject> Claims { get; init; } = [];

    public ImmutableArray<JsonObject> Nodes { get; init; } = [];

    /// <summary>Pods that stand on nodes already. One with a phase is finished, one with a deletion timestamp on its way out.</summary>
    public ImmutableArray<JsonObject> Placed { get; init; } = [];

    /// <summary>Pods for the scheduler, in the order of their coming.</summary>
    public ImmutableArray<JsonObject> Waiting { get; init; } = [];

    /// <summary>All of it as <c>kubectl apply</c> takes it, an object a line, the waiting pods last.</summary>
    public override string ToString() => string.Join(
        '\n',
        [
            .. Of("PersistentVolume", Volumes), .. Of("PersistentVolumeClaim", Claims), .. Of("Node", Nodes), .. Of("Pod", Placed),
            .. Of("Pod", Waiting),
        ]);

    private static IEnumerable<string> Of(string kind, IEnumerable<JsonObject> manifests) => manifests.Select(manifest =>
    {
        var full = new JsonObject { ["apiVersion"] = "v1", ["kind"] = kind };
        foreach (var (name, value) in manifest)
        {
            full[name] = value?.DeepClone();
        }

        return full.ToJsonString();
    });
}
