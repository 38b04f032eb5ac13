using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Ebb.Acting;
using Ebb.Clouds;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;
using Ebb.Scheduling;

namespace Ebb.Tests.Acting;

public sealed class ClusterStateTests
{
    private static readonly CloudView NoCloud = new() { ReadAt = default, Complete = true, Pools = [] };

    [Fact]
    public void It_is_synced_only_when_every_kind_has_been_listed()
    {
        var state = new ClusterState();
        state.Replace<V1Node>([]);
        state.Replace<V1Pod>([]);
        state.Replace<V1Namespace>([]);
        state.Replace<V1PodDisruptionBudget>([]);
        state.Replace<V1DaemonSet>([]);
        state.Replace<V1PersistentVolumeClaim>([]);
        state.Replace<V1PersistentVolume>([]);
        var almost = state.Synced;

        state.Replace<V1StorageClass>([]);

        Assert.False(almost);
        Assert.True(state.Synced);
    }

    [Fact]
    public void After_one_change_only_the_node_concerned_is_another()
    {
        var state = Running();
        var before = Take(state);

        state.Upsert(Pod("late", "n1"));
        var after = Take(state);

        Assert.Same(before.Nodes[0], after.Nodes[0]);
        Assert.NotSame(before.Nodes[1], after.Nodes[1]);
        Assert.Equal(["b", "late"], after.Nodes[1].Pods.Select(pod => pod.Name));
    }

    [Fact]
    public void A_heartbeat_changes_nothing()
    {
        var state = Running();
        var before = Take(state);
        var version = state.Version;

        state.Upsert(Node("n0") with { Metadata = Node("n0").Metadata with { ResourceVersion = "99" } });
        state.Upsert(Pod("a", "n0"));

        Assert.Equal(version, state.Version);
        Assert.Equal(before.Nodes, Take(state).Nodes);
    }

    [Fact]
    public void A_pod_that_is_bound_leaves_those_that_wait()
    {
        var state = Running();
        state.Upsert(Pod("c", ""));
        var waiting = Take(state).Pending;

        state.Upsert(Pod("c", "n0"));
        var after = Take(state);

        Assert.Equal("c", Assert.Single(waiting).Name);
        Assert.Empty(after.Pending);
        Assert.Equal(["a", "c"], after.Nodes[0].Pods.Select(pod => pod.Name));
    }

    [Fact]
    public void A_new_list_drops_what_is_not_in_it()
    {
        var state = Running();

        state.Replace([Pod("b", "n1")]);
        state.Replace([Node("n1")]);
        var after = Take(state);

        Assert.Equal("n1", Assert.Single(after.Nodes).Name);
        Assert.Equal("b", Assert.Single(after.Nodes[0].Pods).Name);
    }

    [Fact]
    public void A_pod_seen_before_its_node_is_there_when_the_node_comes()
    {
        var state = new ClusterState();
        state.Upsert(Pod("early", "n7"));

        state.Upsert(Node("n7"));

        Assert.Equal("early", Assert.Single(Take(state).Nodes[0].Pods).Name);
    }

    [Fact]
    public void Pods_alike_share_their_class_their_owner_and_their_labels()
    {
        var state = Running();

        var (a, b) = (Take(state).Nodes[0].Pods[0], Take(state).Nodes[1].Pods[0]);

        Assert.Same(a.Class, b.Class);
        Assert.Same(a.Labels, b.Labels);
        Assert.Same(a.Owner, b.Owner);
        Assert.Same(a.Namespace, b.Namespace);
    }

    [Fact]
    public void What_no_pod_uses_any_more_is_forgotten()
    {
        var state = Running();
        var labels = Passing(state, 20_000);

        var before = Held(labels);
        Take(state);
        var after = Held(labels);

        Assert.Equal((20_000, 0), (before, after));
        Assert.Same(Take(state).Nodes[0].Pods[0].Class, Take(state).Nodes[1].Pods[0].Class);
        GC.KeepAlive(state);
    }

    [Fact]
    public void A_pod_asks_for_the_most_that_it_needs_at_once()
    {
        var state = new ClusterState();
        state.Upsert(Pod("p", "") with
        {
            Spec = new V1PodSpec
            {
                InitContainers =
                [
                    Container("sidecar", "100m", "Always"), Container("migrate", "900m"), Container("second", "50m", "Always"),
                ],
                Containers = [Container("main", "500m"), Container("limited", null) with
                {
                    Resources = new V1ResourceRequirements { Limits = new Dictionary<string, string> { ["cpu"] = "0.25", ["nvidia.com/gpu"] = "2" } },
                }],
                Overhead = new Dictionary<string, string> { ["cpu"] = "10m", ["memory"] = "1Mi" },
            },
        });

        var requests = Take(state).Pending[0].Class.Requests;

        // At start 100m + 900m; for good 500m + 250m + 100m + 50m; and the overhead.
        Assert.Equal((1010, 1 << 20, 1, 2L), (requests.CpuMilli, requests.MemoryBytes, requests.Pods, requests.Extended["nvidia.com/gpu"]));
    }

    [Fact]
    public void Amounts_for_the_whole_pod_take_the_place_of_the_sum()
    {
        var state = new ClusterState();
        state.Upsert(Pod("p", "") with
        {
            Spec = new V1PodSpec
            {
                Containers = [Container("main", "500m")],
                Resources = new V1ResourceRequirements { Requests = new Dictionary<string, string> { ["cpu"] = "2" } },
            },
        });

        Assert.Equal(2000, Take(state).Pending[0].Class.Requests.CpuMilli);
    }

    [Fact]
    public void An_absurd_amount_is_more_than_any_machine_has_and_no_overflow()
    {
        var state = new ClusterState();
        state.Upsert(Pod("p", "") with { Spec = new V1PodSpec { Containers = [Container("a", "9E"), Container("b", "99999999999999999999")] } });

        Assert.InRange(Take(state).Pending[0].Class.Requests.CpuMilli, 1L << 50, 1L << 53);
    }

    [Theory]
    [InlineData(Marks.Interrupt, "never", Protection.Never)]
    [InlineData(Marks.Interrupt, "Allowed", Protection.Allowed)]
    [InlineData(Marks.Interrupt, "perhaps", Protection.Never)]
    [InlineData("cluster-autoscaler.kubernetes.io/safe-to-evict", "false", Protection.Never)]
    [InlineData("cluster-autoscaler.kubernetes.io/safe-to-evict", "true", Protection.Allowed)]
    [InlineData("karpenter.sh/do-not-disrupt", "true", Protection.Never)]
    [InlineData("karpenter.sh/do-not-disrupt", "false", Protection.ByRule)]
    [InlineData("other", "never", Protection.ByRule)]
    public void Annotations_say_whether_a_pod_may_be_interrupted(string key, string value, Protection expected)
    {
        var state = new ClusterState();
        var pod = Pod("p", "");
        state.Upsert(pod with { Metadata = pod.Metadata with { Annotations = new Dictionary<string, string> { [key] = value } } });

        Assert.Equal(expected, Take(state).Pending[0].Protection);
    }

    [Fact]
    public void A_claim_keeps_its_pod_waiting_until_it_is_bound_and_then_ties_it_to_its_zone()
    {
        var state = new ClusterState();
        var pod = Pod("p", "");
        state.Upsert(pod with
        {
            Spec = pod.Spec with { Volumes = [new V1Volume { Name = "data", PersistentVolumeClaim = new V1ClaimSource { ClaimName = "data" } }] },
        });
        var missing = Take(state).Pending[0].Class.Blocked;
        var claim = new V1PersistentVolumeClaim { Metadata = new V1Meta { Name = "data", Namespace = "default" } };

        state.Upsert(claim);
        var unbound = Take(state).Pending[0].Class.Blocked;
        state.Upsert(claim with
        {
            Metadata = claim.Metadata with { Annotations = new Dictionary<string, string> { ["pv.kubernetes.io/bind-completed"] = "yes" } },
            Spec = new V1PersistentVolumeClaimSpec { VolumeName = "pv" },
        });
        var lost = Take(state).Pending[0].Class.Blocked;
        state.Upsert(new V1PersistentVolume
        {
            Metadata = new V1Meta { Name = "pv", Labels = new Dictionary<string, string> { ["topology.kubernetes.io/zone"] = "eu-1__eu-2" } },
        });
        var bound = Take(state).Pending[0].Class;

        Assert.Equal("its volume claim data does not exist", missing);
        Assert.Equal("its volume claim data is not bound yet", unbound);
        Assert.Equal("the volume pv of its claim data does not exist", lost);
        Assert.Null(bound.Blocked);
        Assert.Equal("topology.kubernetes.io/zone in (eu-1, eu-2)", bound.VolumeTerms[0][0].Labels[0].ToString());
    }

    [Theory]
    [InlineData(27, "failure-domain.beta.kubernetes.io/zone=eu-1", true)]
    [InlineData(27, "topology.kubernetes.io/zone=eu-1", false)]
    [InlineData(28, "topology.kubernetes.io/zone=eu-1", true)]
    [InlineData(28, "topology.kubernetes.io/zone=eu-2", false)]
    [InlineData(20, "topology.kubernetes.io/region=eu", false)]
    [InlineData(20, "disk=ssd", true)]
    public void A_volume_with_a_zone_label_can_be_reached_from_its_zone_and_where_there_are_no_zones(int minor, string label, bool expected)
    {
        var state = new ClusterState();
        state.Heed(SchedulerRules.Of(minor));
        var pod = Pod("p", "");
        state.Upsert(pod with
        {
            Spec = pod.Spec with { Volumes = [new V1Volume { Name = "data", PersistentVolumeClaim = new V1ClaimSource { ClaimName = "data" } }] },
        });
        state.Upsert(new V1PersistentVolumeClaim
        {
            Metadata = new V1Meta
            {
                Name = "data",
                Namespace = "default",
                Annotations = new Dictionary<string, string> { ["pv.kubernetes.io/bind-completed"] = "yes" },
            },
            Spec = new V1PersistentVolumeClaimSpec { VolumeName = "pv" },
        });
        state.Upsert(new V1PersistentVolume
        {
            Metadata = new V1Meta { Name = "pv", Labels = new Dictionary<string, string> { ["failure-domain.beta.kubernetes.io/zone"] = "eu-1" } },
        });
        var labels = LabelSet.From([KeyValuePair.Create(label.Split('=')[0], label.Split('=')[1])]);

        Assert.Equal(expected, NodeFit.Check(Take(state).Pending[0].Class, "n", labels, [], cordoned: false) == Ebb.Scheduling.Causes.None);
    }

    [Fact]
    public void A_claim_that_nothing_makes_a_volume_for_goes_where_one_is_free()
    {
        var state = new ClusterState();
        var pod = Pod("p", "");
        state.Upsert(pod with
        {
            Spec = pod.Spec with { Volumes = [new V1Volume { Name = "data", PersistentVolumeClaim = new V1ClaimSource { ClaimName = "data" } }] },
        });
        state.Upsert(new V1StorageClass
        {
            Metadata = new V1Meta { Name = "local" },
            Provisioner = "kubernetes.io/no-provisioner",
            VolumeBindingMode = "WaitForFirstConsumer",
        });
        var claim = new V1PersistentVolumeClaim
        {
            Metadata = new V1Meta { Name = "data", Namespace = "default" },
            Spec = new V1PersistentVolumeClaimSpec
            {
                StorageClassName = "local",
                AccessModes = ["ReadWriteOnce"],
                Resources = new V1ResourceRequirements { Requests = new Dictionary<string, string> { ["storage"] = "2Gi" } },
            },
        };
        state.Upsert(claim);
        state.Upsert(Disk("small", "1Gi", "n1"));
        var none = Take(state).Pending[0].Class.Blocked;

        state.Upsert(Disk("large", "2Gi", "n2"));
        var found = Take(state).Pending[0].Class;
        state.Upsert(claim with { Metadata = claim.Metadata with { Annotations = new Dictionary<string, string> { ["volume.kubernetes.io/selected-node"] = "n3" } } });
        var chosen = Take(state).Pending[0].Class.Blocked;

        Assert.Equal("no volume is free for its claim data, and nothing makes one", none);
        Assert.Equal("host=n2", Assert.Single(Assert.Single(Assert.Single(found.VolumeTerms)).Labels).ToString());
        Assert.Equal(none, chosen);

        static V1PersistentVolume Disk(string name, string size, string node) => new()
        {
            Metadata = new V1Meta { Name = name },
            Spec = new V1PersistentVolumeSpec
            {
                StorageClassName = "local",
                AccessModes = ["ReadWriteOnce", "ReadOnlyMany"],
                Capacity = new Dictionary<string, string> { ["storage"] = size },
                NodeAffinity = new V1VolumeNodeAffinity
                {
                    Required = new V1NodeSelector
                    {
                        NodeSelectorTerms = [new V1NodeSelectorTerm { MatchExpressions = [new V1Expression { Key = "host", Operator = "In", Values = [node] }] }],
                    },
                },
            },
        };
    }

    [Fact]
    public void A_budget_whose_count_is_out_of_date_allows_nothing()
    {
        var state = new ClusterState();
        var budget = new V1PodDisruptionBudget
        {
            Metadata = new V1Meta { Name = "b", Namespace = "default", Generation = 2 },
            Spec = new V1PodDisruptionBudgetSpec { Selector = new V1LabelSelector() },
            Status = new V1PodDisruptionBudgetStatus { DisruptionsAllowed = 3, ObservedGeneration = 1 },
        };

        state.Upsert(budget);
        var stale = Take(state).Budgets[0].Allowed;
        state.Upsert(budget with { Status = budget.Status! with { ObservedGeneration = 2 } });

        Assert.Equal((0, 3), (stale, Take(state).Budgets[0].Allowed));
    }

    [Fact]
    public void A_DaemonSets_pods_tolerate_what_ails_a_node_for_a_while()
    {
        var state = new ClusterState();
        state.Upsert(new V1DaemonSet
        {
            Metadata = new V1Meta { Name = "log", Namespace = "kube-system", Uid = "u" },
            Spec = new V1DaemonSetSpec { Template = new V1PodTemplate { Spec = new V1PodSpec { Containers = [Container("c", "100m")] } } },
        });

        var pod = Take(state).DaemonSets[0].Pod;

        Assert.True(NodeFit.Tolerates(pod, new Taint("node.kubernetes.io/not-ready", "", TaintEffect.NoExecute)));
        Assert.False(NodeFit.Tolerates(pod, new Taint("node.kubernetes.io/network-unavailable", "", TaintEffect.NoSchedule)));
    }

    [Fact]
    public void A_node_keeps_what_the_planner_reads()
    {
        var state = new ClusterState();
        state.Upsert(Node("n") with
        {
            Spec = new V1NodeSpec
            {
                ProviderID = "azure://x",
                Unschedulable = true,
                Taints = [new V1Taint { Key = Marks.Retiring, Effect = "NoSchedule" }],
            },
        });

        var node = Take(state).Nodes[0];

        Assert.Equal(("azure://x", true, true), (node.ProviderId, node.Cordoned, node.Ready));
        Assert.Equal(new Taint(Marks.Retiring, "", TaintEffect.NoSchedule), Assert.Single(node.Shape.Taints));
        Assert.Equal((4000, 8L << 30, 110), (node.Shape.Allocatable.CpuMilli, node.Shape.Allocatable.MemoryBytes, node.Shape.Allocatable.Pods));
    }

    private static Snapshot Take(ClusterState state) => state.Take(default, NoCloud, ImmutableDictionary<string, string>.Empty);

    private static ClusterState Running()
    {
        var state = new ClusterState();
        state.Replace([Node("n1"), Node("n0")]);
        state.Replace([Pod("a", "n0"), Pod("b", "n1")]);
        return state;
    }

    /// <summary>So many pods come and go, each with a label that no other has.</summary>
    /// <returns>The values of those labels, which only the state may keep.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static List<WeakReference> Passing(ClusterState state, int pods)
    {
        var values = new List<WeakReference>();
        for (var i = 0; i < pods; i++)
        {
            var value = $"frame-{i}";
            var pod = Pod("job", "n0", labels: new() { ["job"] = value });
            state.Upsert(pod);
            state.Remove(pod);
            values.Add(new WeakReference(value));
        }

        return values;
    }

    private static int Held(List<WeakReference> values)
    {
        GC.Collect();
        return values.Count(value => value.IsAlive);
    }

    private static V1Node Node(string name) => new()
    {
        Metadata = new V1Meta { Name = name, Uid = $"uid-{name}" },
        Status = new V1NodeStatus
        {
            Allocatable = new Dictionary<string, string> { ["cpu"] = "4", ["memory"] = "8Gi", ["pods"] = "110" },
            Conditions = [new V1Condition { Type = "Ready", Status = "True" }],
        },
    };

    private static V1Pod Pod(string name, string node, Dictionary<string, string>? labels = null) => new()
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

    private static V1Container Container(string name, string? cpu, string? restart = null) => new()
    {
        Name = name,
        RestartPolicy = restart,
        Resources = cpu is null ? null : new V1ResourceRequirements { Requests = new Dictionary<string, string> { ["cpu"] = cpu } },
    };
}
