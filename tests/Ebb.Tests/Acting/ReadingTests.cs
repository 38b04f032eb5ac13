using Ebb.Acting;
using Ebb.Kubernetes.Objects;
using Ebb.Scheduling;
using static Ebb.Tests.Acting.WatchedObjects;

namespace Ebb.Tests.Acting;

/// <summary>What is read of pods, nodes, budgets and DaemonSets for the planner.</summary>
public sealed class ReadingTests
{
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
}
