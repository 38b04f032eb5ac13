using System.Net;
using Ebb.Clouds;

namespace Ebb.Tests.Clouds.Azure;

public class GrowTests
{
    private readonly AzureCase _azure = new();

    private ScriptedArm Arm => _azure.Arm;

    [Fact]
    public void A_capacity_is_sent_once_with_the_entity_tag_of_the_read_before_it()
    {
        Arm.Set("agents", 2);

        var result = _azure.Grow(_azure.Pool(), 3);

        Assert.Equal(new GrowResult.Growing(5, 3), result);
        Assert.Equal(1, Arm.Count("PATCH agents"));
        var patch = Arm.Calls.IndexOf("PATCH agents");
        Assert.Equal("\"1\"", Arm.Requests[patch].Headers.GetValues("If-Match").Single());
        Assert.Equal("""{"sku":{"name":"Standard_D2s_v5","tier":"Standard","capacity":5}}""", Arm.Bodies[patch]);
        Assert.Contains("GET agents", Arm.Calls[..patch]);
        Assert.Equal("grow", Assert.Single(_azure.Pool().InFlight).Kind);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(7)]
    public void A_pool_that_someone_changed_since_it_was_read_is_not_written_to(int capacity)
    {
        var set = Arm.Set("agents", 5);
        var view = _azure.Pool();
        set.Capacity = capacity;

        Assert.Equal(new GrowResult.Changed(capacity), _azure.Grow(view, 1));
        Assert.Equal(0, Arm.Count("PATCH"));
    }

    [Fact]
    public void A_change_between_the_read_and_the_write_is_refused_by_the_cloud_and_no_capacity_falls()
    {
        var set = Arm.Set("agents", 2);
        var view = _azure.Pool();
        Arm.Instead("GET agents", r =>
        {
            var shown = set.Json().ToJsonString();
            set.Capacity = 50;
            set.Writes++;
            return ScriptedArm.Answer(HttpStatusCode.OK, shown);
        });

        Assert.IsType<GrowResult.Changed>(_azure.Grow(view, 3));
        Assert.Equal(50, set.Capacity);
    }

    [Fact]
    public void Without_an_entity_tag_nothing_is_written()
    {
        var set = Arm.Set("agents", 2);
        var view = _azure.Pool();
        var shown = set.Json();
        shown.Remove("etag");
        Arm.Instead("GET agents", HttpStatusCode.OK, shown.ToJsonString());

        Assert.Contains("entity tag", Assert.Throws<CloudException>(() => _azure.Grow(view, 3)).Message, StringComparison.Ordinal);
        Assert.Equal(0, Arm.Count("PATCH"));
    }

    [Fact]
    public void A_grow_by_less_than_nothing_is_a_mistake_of_the_caller()
    {
        Arm.Set("agents", 5);

        Assert.Throws<ArgumentOutOfRangeException>(() => _azure.Grow(_azure.Pool(), -3));
        Assert.Equal(0, Arm.Count("PATCH"));
    }

    [Fact]
    public void A_grow_by_nothing_asks_once_more_for_the_same_capacity()
    {
        Arm.Set("agents", 5);

        Assert.Equal(new GrowResult.Growing(5, 0), _azure.Grow(_azure.Pool(), 0));
        Assert.Contains("\"capacity\":5", Arm.Bodies[Arm.Calls.IndexOf("PATCH agents")], StringComparison.Ordinal);
    }

    [Fact]
    public void When_quota_has_room_for_fewer_what_fits_is_asked_for()
    {
        Arm.Set("agents", 2);
        Arm.Usages[1] = ("standardDSv5Family", 4, 11);

        Assert.Equal(new GrowResult.Growing(5, 3), _azure.Grow(_azure.Pool(), 10));
    }

    [Fact]
    public void When_quota_has_no_room_nothing_is_written()
    {
        Arm.Set("agents", 2);
        Arm.Usages[0] = ("cores", 999, 1000);

        var refused = Assert.IsType<GrowResult.Refused>(_azure.Grow(_azure.Pool(), 10));

        Assert.Equal(GrowRefusal.Quota, refused.Failure.Refusal);
        Assert.Contains("'cores'", refused.Failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, Arm.Count("PATCH"));
    }

    [Fact]
    public void Spot_machines_count_against_their_own_quota_only()
    {
        Arm.Set("agents", 2).Priority = "Spot";
        Arm.Usages.Clear();
        Arm.Usages.AddRange([("cores", 1000, 1000), ("lowPriorityCores", 0, 8)]);

        Assert.Equal(new GrowResult.Growing(6, 4), _azure.Grow(_azure.Pool(), 10));
    }

    [Fact]
    public void Without_a_look_at_the_quota_the_cloud_decides()
    {
        Arm.Set("agents", 2);
        Arm.Instead("GET locations/eastus/usages", HttpStatusCode.Forbidden, ScriptedArm.Error("AuthorizationFailed"));

        Assert.Equal(new GrowResult.Growing(12, 10), _azure.Grow(_azure.Pool(), 10));
    }

    [Fact]
    public void A_scale_set_in_one_placement_group_ends_at_100()
    {
        Arm.Set("agents", 98);

        Assert.Equal(new GrowResult.Growing(100, 2), _azure.Grow(_azure.Pool(), 10));
        Assert.Equal("ScaleSetFull", Assert.IsType<GrowResult.Refused>(_azure.Grow(_azure.Pool(), 1)).Failure.Code);
    }

    [Fact]
    public void A_size_that_is_not_offered_is_not_asked_for()
    {
        Arm.Set("gpus", 0).Size = "Standard_NC4as_T4_v3";
        var pool = _azure.Pool("gpus");

        Assert.Equal(1, pool.Pool.Shape.Allocatable.Extended["nvidia.com/gpu"]);
        Assert.Equal(GrowRefusal.NotOffered, Assert.IsType<GrowResult.Refused>(_azure.Grow(pool, 1)).Failure.Refusal);
        Assert.Equal(0, Arm.Count("PATCH"));
    }

    [Theory]
    [InlineData("SkuNotAvailable", null, GrowRefusal.NotOffered)]
    [InlineData("SkuNotAvailable", "Spot", GrowRefusal.NoCapacity)]
    [InlineData("OperationNotAllowed", null, GrowRefusal.Quota)]
    [InlineData("QuotaExceeded", null, GrowRefusal.Quota)]
    [InlineData("AllocationFailed", null, GrowRefusal.NoCapacity)]
    [InlineData("ScopeLocked", null, GrowRefusal.Refused)]
    [InlineData("SomethingNew", null, GrowRefusal.Refused)]
    public void A_refusal_comes_back_typed(string code, string? priority, GrowRefusal refusal)
    {
        Arm.Set("agents", 2).Priority = priority;
        var view = _azure.Pool();
        Arm.Instead("PATCH", HttpStatusCode.Conflict, ScriptedArm.Error(code));

        var refused = Assert.IsType<GrowResult.Refused>(_azure.Grow(view, 1));

        Assert.Equal((refusal, code), (refused.Failure.Refusal, refused.Failure.Code));
    }

    [Fact]
    public void Too_many_models_in_use_are_no_quota_and_whoever_looks_is_told_what_helps()
    {
        Arm.Set("agents", 2);
        var view = _azure.Pool();
        Arm.Instead("PATCH", HttpStatusCode.Conflict, """{"error":{"code":"OperationNotAllowed","message":"Virtual Machine Scale Set 'agents' has reached its limit of 10 models that may be referenced by one or more VMs belonging to the Virtual Machine Scale Set. Upgrade the VMs to the latest model of the Virtual Machine Scale Set before trying again."}}""");

        var refused = Assert.IsType<GrowResult.Refused>(_azure.Grow(view, 1)).Failure;

        Assert.Equal((GrowRefusal.Refused, "OperationNotAllowed"), (refused.Refusal, refused.Code));
        Assert.EndsWith("before trying again. 'ebb upgrade', or 'ebb reimage POOL', does so with one machine after the other.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_conflict_with_another_write_means_plan_again()
    {
        Arm.Set("agents", 2);
        var view = _azure.Pool();
        Arm.Instead("PATCH", HttpStatusCode.Conflict, ScriptedArm.Error("ConflictingConcurrentWriteNotAllowed"));

        Assert.IsType<GrowResult.Changed>(_azure.Grow(view, 1));
        Assert.Equal(1, Arm.Count("PATCH"));
    }
}
