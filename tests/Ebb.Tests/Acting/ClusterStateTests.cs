using System.Runtime.CompilerServices;
using Ebb.Acting;
using Ebb.Clouds;
using Ebb.Kubernetes.Objects;
using static Ebb.Tests.Acting.WatchedObjects;

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
    public void Where_no_node_is_left_what_ran_on_them_goes_on_to_change()
    {
        var state = Running();
        state.Remove(Node("n0"));
        state.Remove(Node("n1"));
        Take(state);

        state.Upsert(Pod("late", "n1"));
        state.Upsert(Pod("waits", ""));
        var after = Take(state);

        Assert.Empty(after.Nodes);
        Assert.Equal("waits", Assert.Single(after.Pending).Name);
    }

    [Fact]
    public void That_a_node_was_not_ready_for_a_moment_shows_though_it_is_again()
    {
        var state = Running();
        var (node, at) = (Node("n0"), DateTimeOffset.UnixEpoch.AddDays(1));

        state.Upsert(node with { Status = node.Status! with { Conditions = [new V1Condition { Type = "Ready", Status = "True", LastTransitionTime = at }] } });

        Assert.Equal(at, Take(state).Nodes[0].ReadyChangedAt);
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
}
