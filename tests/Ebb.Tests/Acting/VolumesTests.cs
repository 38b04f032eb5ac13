using Ebb.Acting;
using Ebb.Kubernetes.Objects;
using Ebb.Scheduling;
using static Ebb.Tests.Acting.WatchedObjects;

namespace Ebb.Tests.Acting;

/// <summary>Where a pod with volumes may go, as its claims come to be bound.</summary>
public sealed class VolumesTests
{
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
}
