using System.Collections.Immutable;
using Ebb.Acting;
using Ebb.Clouds;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;
using Ebb.Pools;

namespace Ebb.Benchmarks;

/// <summary>The clusters that the planner is measured on, built from Kubernetes' objects as the watches would bring them.</summary>
internal static class PlannerCases
{
    public static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly ImmutableDictionary<string, string> NoNotes = ImmutableDictionary<string, string>.Empty;

    /// <summary>Two kinds of pods, 51,000 in all, for machines of one CPU and 5,000 MB; nothing runs yet.</summary>
    public static Snapshot Packing()
    {
        var state = Synced([]);
        for (var i = 0; i < 51_000; i++)
        {
            state.Upsert(i < 50_000 ? Pod(i, "", "50m", "100M") : Pod(i, "", "95m", "190M"));
        }

        return state.Take(Noon, View(Pool(1_000, 5_000_000_000, 100, max: 5_000), 0), NoNotes);
    }

    /// <summary>1,000 full nodes, the pool at its maximum, and 12,000 pods of twelve kinds that fit nowhere.</summary>
    public static Snapshot Nowhere()
    {
        var state = Running(1_000, 10, "400m", "1500M");
        for (var i = 0; i < 12_000; i++)
        {
            state.Upsert(Pod(1_000_000 + i, "", $"{500 + (100 * (i % 12))}m", "1G"));
        }

        return state.Take(Noon, View(Pool(4_000, 16_000_000_000, 110, max: 1_000), 1_000), NoNotes);
    }

    /// <summary>A cluster in steady work, every node busy with jobs.</summary>
    public static (ClusterState State, CloudView Cloud) Steady(int nodes, int podsOnEach) =>
        (Running(nodes, podsOnEach, "100m", "300M"), View(Pool(4_000, 16_000_000_000, 110, max: nodes + 100), nodes));

    public static Snapshot Take((ClusterState State, CloudView Cloud) cluster, int second) =>
        cluster.State.Take(Noon.AddSeconds(second), cluster.Cloud, NoNotes);

    /// <summary>One pod of one node ends.</summary>
    public static void Change(ClusterState state, int number, bool ended) =>
        state.Upsert(Pod(number, NodeName(0), "100m", "300M", ended ? "Succeeded" : "Running"));

    private static ClusterState Running(int nodes, int podsOnEach, string cpu, string memory)
    {
        var state = Synced(Enumerable.Range(0, nodes).Select(Node));
        for (var i = 0; i < nodes * podsOnEach; i++)
        {
            state.Upsert(Pod(i, NodeName(i / podsOnEach), cpu, memory, "Running"));
        }

        return state;
    }

    private static ClusterState Synced(IEnumerable<V1Node> nodes)
    {
        var state = new ClusterState();
        state.Replace([.. nodes]);
        state.Replace<V1Pod>([]);
        state.Replace<V1Namespace>([]);
        state.Replace<V1PodDisruptionBudget>([]);
        state.Replace<V1DaemonSet>([]);
        state.Replace<V1PersistentVolumeClaim>([]);
        state.Replace<V1PersistentVolume>([]);
        state.Replace<V1StorageClass>([]);
        return state;
    }

    private static string NodeName(int number) => $"agents{number:x6}";

    private static string ProviderId(int number) =>
        $"azure:///subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/cluster/providers/Microsoft.Compute/virtualMachineScaleSets/agents/virtualMachines/{number}";

    private static V1Node Node(int number) => new()
    {
        Metadata = new V1Meta
        {
            Name = NodeName(number),
            Uid = $"{number:x8}-0000-4000-8000-000000000000",
            CreationTimestamp = Noon.AddHours(-5),
            Labels = new Dictionary<string, string>
            {
                ["kubernetes.io/hostname"] = NodeName(number),
                ["kubernetes.io/os"] = "linux",
                ["kubernetes.io/arch"] = "amd64",
                ["beta.kubernetes.io/os"] = "linux",
                ["beta.kubernetes.io/arch"] = "amd64",
                ["node.kubernetes.io/instance-type"] = "Standard_D4s_v5",
                ["topology.kubernetes.io/region"] = "westeurope",
                ["topology.kubernetes.io/zone"] = $"westeurope-{1 + (number % 3)}",
                ["ebb.dev/pool"] = "agents",
            },
        },
        Spec = new V1NodeSpec { ProviderID = ProviderId(number) },
        Status = new V1NodeStatus
        {
            Capacity = Amounts("4", "16G", "110"),
            Allocatable = Amounts("4", "16G", "110"),
            Conditions = [new V1Condition { Type = "Ready", Status = "True" }],
            Addresses = [new V1NodeAddress { Type = "InternalIP", Address = $"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}" }],
            NodeInfo = new V1NodeSystemInfo { SystemUUID = $"{number:x8}-1111-4000-8000-000000000000" },
        },
    };

    private static Dictionary<string, string> Amounts(string cpu, string memory, string pods) =>
        new() { ["cpu"] = cpu, ["memory"] = memory, ["pods"] = pods, ["ephemeral-storage"] = "100G" };

    /// <summary>A pod as a Job makes it, with labels and a name of its own.</summary>
    private static V1Pod Pod(int number, string node, string cpu, string memory, string phase = "Pending") => new()
    {
        Metadata = new V1Meta
        {
            Name = $"frames-{number / 100}-{number:x5}",
            Namespace = "render",
            Uid = $"{number:x8}-2222-4000-8000-000000000000",
            CreationTimestamp = Noon.AddMinutes(-20),
            Labels = new Dictionary<string, string>
            {
                ["app"] = "render",
                ["batch.kubernetes.io/job-name"] = $"frames-{number / 100}",
                ["batch.kubernetes.io/controller-uid"] = $"{number / 100:x8}-3333-4000-8000-000000000000",
            },
            OwnerReferences =
            [
                new V1OwnerReference { Kind = "Job", Name = $"frames-{number / 100}", Uid = $"{number / 100:x8}-3333-4000-8000-000000000000", Controller = true },
            ],
        },
        Spec = new V1PodSpec
        {
            NodeName = node,
            Containers =
            [
                new V1Container
                {
                    Name = "frame",
                    Resources = new V1ResourceRequirements { Requests = new Dictionary<string, string> { ["cpu"] = cpu, ["memory"] = memory } },
                },
            ],
            Tolerations = [new V1Toleration { Key = "node.kubernetes.io/not-ready", Operator = "Exists", Effect = "NoExecute", TolerationSeconds = 300 }],
        },
        Status = new V1PodStatus { Phase = phase, StartTime = node.Length > 0 ? Noon.AddMinutes(-12) : null },
    };

    private static Pool Pool(long cpuMilli, long memory, int pods, int max)
    {
        var amounts = new Resources { CpuMilli = cpuMilli, MemoryBytes = memory, EphemeralStorageBytes = 100_000_000_000, Pods = pods };
        return new Pool
        {
            Name = "agents",
            CloudId = ProviderId(0)["azure://".Length..ProviderId(0).IndexOf("/virtualMachines/", StringComparison.Ordinal)],
            Size = "Standard_D4s_v5",
            Max = max,
            PricePerHour = 0.2m,
            Shape = new NodeShape { Capacity = amounts, Allocatable = amounts },
        };
    }

    private static CloudView View(Pool pool, int machines) => new()
    {
        ReadAt = Noon,
        Complete = true,
        Pools =
        [
            new PoolView
            {
                Pool = pool,
                Capacity = machines,
                MachinesReadAt = Noon,
                Machines =
                [
                    .. Enumerable.Range(0, machines).Select(number => new Machine
                    {
                        Id = $"{number}",
                        Pool = "agents",
                        Name = $"agents_{number}",
                        ProviderId = ProviderId(number),
                        State = MachineState.Running,
                        HostName = NodeName(number),
                        CreatedAt = Noon.AddHours(-5),
                    }),
                ],
            },
        ],
    };
}
