using System.Collections.Immutable;
using Ebb.Acting;
using Ebb.Clouds;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;

namespace Ebb.Tests.Acting;

/// <summary>Objects as the watches bring them, and the state that they make.</summary>
internal static class WatchedObjects
{
    private static readonly CloudView NoCloud = new() { ReadAt = default, Complete = true, Pools = [] };

    public static Snapshot Take(ClusterState state) => state.Take(default, NoCloud, ImmutableDictionary<string, string>.Empty);

    public static ClusterState Running()
    {
        var state = new ClusterState();
        state.Replace([Node("n1"), Node("n0")]);
        state.Replace([Pod("a", "n0"), Pod("b", "n1")]);
        return state;
    }

    public static V1Node Node(string name) => new()
    {
        Metadata = new V1Meta { Name = name, Uid = $"uid-{name}" },
        Status = new V1NodeStatus
        {
            Allocatable = new Dictionary<string, string> { ["cpu"] = "4", ["memory"] = "8Gi", ["pods"] = "110" },
            Conditions = [new V1Condition { Type = "Ready", Status = "True" }],
        },
    };

    public static V1Pod Pod(string name, string node, Dictionary<string, string>? labels = null) => new()
    {
        Metadata = new V1Meta
        {
            Name = name,
            Namespace = "default",
            Uid = $"uid-{name}",
            Labels = labels ?? new Dictionary<string, string> { ["app"] = "render" },
            OwnerReferences = [new V1OwnerReference { Kind = "Job", Name = "frames", Uid = "job", Controller = true }],
        },
        Spec = new V1PodSpec { NodeName = node, Containers = [Container("c", "100m")] },
        Status = new V1PodStatus { Phase = node.Length > 0 ? "Running" : "Pending" },
    };

    public static V1Container Container(string name, string? cpu, string? restart = null) => new()
    {
        Name = name,
        RestartPolicy = restart,
        Resources = cpu is null ? null : new V1ResourceRequirements { Requests = new Dictionary<string, string> { ["cpu"] = cpu } },
    };
}
