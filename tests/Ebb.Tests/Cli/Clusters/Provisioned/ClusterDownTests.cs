using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

public sealed class ClusterDownTests : IDisposable
{
    private readonly CloudCase _case = new();

    [Fact]
    public void Both_groups_go_and_doing_it_again_is_nothing()
    {
        _case.Up();

        _case.Down();

        Assert.False(_case.World.GroupExists("farm-compute"));
        Assert.False(_case.World.GroupExists("farm-storage"));
        _case.Wire.Calls.Clear();
        _case.Down();
        Assert.Empty(_case.Wire.Writes);
    }

    [Fact]
    public void Storage_stays_when_it_is_to_and_the_next_cluster_is_made_against_it()
    {
        _case.Up();

        _case.Down(DownScope.Machines);

        Assert.False(_case.World.GroupExists("farm-compute"));
        Assert.True(_case.World.GroupExists("farm-storage"));
        _case.Wire.Calls.Clear();
        Assert.True(_case.Up().Succeeded);
        Assert.DoesNotContain(_case.Wire.Writes, w => w.Contains("ebb-storage", StringComparison.Ordinal));
    }

    [Fact]
    public void Storage_alone_goes_once_the_machines_are_gone_and_not_before()
    {
        _case.Up();
        _case.Wire.Calls.Clear();

        var refused = Assert.Throws<EbbException>(() => _case.Down(DownScope.Storage)).Message;

        Assert.Contains("'agents'", refused, StringComparison.Ordinal);
        Assert.Contains("'ebb down --keep-storage' deletes them", refused, StringComparison.Ordinal);
        Assert.Empty(_case.Wire.Writes);
        _case.Down(DownScope.Machines);
        _case.Down(DownScope.Storage);
        Assert.False(_case.World.GroupExists("farm-storage"));
    }

    [Fact]
    public void A_group_that_is_not_ours_is_not_deleted()
    {
        _case.World.PutResourceGroup("farm-compute", "eastus", null);

        Assert.Contains("is not Ebb's", Assert.Throws<EbbException>(() => _case.Down()).Message, StringComparison.Ordinal);

        _case.World.PutResourceGroup("farm-compute", "eastus", ImmutableSortedDictionary<string, string>.Empty.Add("ebb-cluster", "other"));
        Assert.Contains("belongs to cluster 'other'", Assert.Throws<EbbException>(() => _case.Down()).Message, StringComparison.Ordinal);
        Assert.True(_case.World.GroupExists("farm-compute"));
    }

    [Fact]
    public void What_others_put_into_the_group_is_not_deleted_unless_forced()
    {
        _case.Up();
        _case.World.CreateOrUpdateScaleSet("farm-compute", "theirs", new ScaleSetSpec { Size = "Standard_D2s_v5", Capacity = 0 }.ToModel("eastus"));

        Assert.Contains("'theirs'", Assert.Throws<EbbException>(() => _case.Down()).Message, StringComparison.Ordinal);
        Assert.True(_case.World.GroupExists("farm-storage"));

        _case.Down(force: true);
        Assert.False(_case.World.GroupExists("farm-compute"));
    }

    public void Dispose() => _case.Dispose();
}
