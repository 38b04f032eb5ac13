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
    public void A_conflict_with_another_write_means_plan_again()
    {
        Arm.Set("agents", 2);
        var view = _azure.Pool();
        Arm.Instead("PATCH", HttpStatusCode.Conflict, ScriptedArm.Error("ConflictingConcurrentWriteNotAllowed"));

        Assert.IsType<GrowResult.Changed>(_azure.Grow(view, 1));
        Assert.Equal(1, Arm.Count("PATCH"));
    }

    [Fact]
    public void Too_many_writes_is_told_with_the_time_to_wait_and_no_write_goes_out_meanwhile()
    {
        Arm.Set("agents", 2);
        var view = _azure.Pool();
        Arm.Instead("PATCH", HttpStatusCode.TooManyRequests, """{"code":"OperationNotAllowed","message":"Too many.","details":[{"code":"TooManyRequests"}]}""", "90");

        Assert.Equal(new GrowResult.Throttled(TimeSpan.FromSeconds(90)), _azure.Grow(view, 1));
        Assert.IsType<GrowResult.Throttled>(_azure.Grow(view, 1));
        Assert.Equal(1, Arm.Count("PATCH"));

        _azure.Pass(TimeSpan.FromSeconds(91));
        Assert.IsType<GrowResult.Growing>(_azure.Grow(view, 1));
    }

    [Fact]
    public void A_wait_may_be_given_as_a_date()
    {
        Arm.Set("agents", 2);
        var view = _azure.Pool();
        Arm.Instead("PATCH", HttpStatusCode.TooManyRequests, "", _azure.Time.GetUtcNow().AddSeconds(40).ToString("R"));

        Assert.Equal(new GrowResult.Throttled(TimeSpan.FromSeconds(40)), _azure.Grow(view, 1));
    }

    [Fact]
    public void A_write_whose_answer_is_lost_is_found_by_reading_when_it_arrived()
    {
        Arm.Set("agents", 2);
        var view = _azure.Pool();
        Arm.After("PATCH", _ => throw new HttpRequestException(HttpRequestError.ResponseEnded));

        Assert.Equal(new GrowResult.Growing(5, 3), _azure.Grow(view, 3));
        Assert.Equal(1, Arm.Count("PATCH"));
        Assert.Single(_azure.Pool().InFlight);
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.GatewayTimeout)]
    [InlineData(HttpStatusCode.RequestTimeout)]
    public void A_write_whose_answer_tells_nothing_is_not_repeated_when_it_did_not_arrive(HttpStatusCode status)
    {
        Arm.Set("agents", 2);
        var view = _azure.Pool();
        Arm.Instead("PATCH", status, "");

        Assert.IsType<GrowResult.Unknown>(_azure.Grow(view, 3));
        Assert.Equal(1, Arm.Count("PATCH"));
    }

    [Fact]
    public void A_lost_write_that_arrives_late_and_the_next_grow_do_not_add_up()
    {
        var set = Arm.Set("agents", 2);
        var view = _azure.Pool();
        Arm.Instead("PATCH", HttpStatusCode.GatewayTimeout, "");
        _azure.Grow(view, 3);

        // It arrives after the next grow has read, before that one writes.
        Arm.Instead("GET locations/eastus/usages", _ =>
        {
            set.Capacity = 5;
            set.Writes++;
            return ScriptedArm.Answer(HttpStatusCode.OK, """{"value":[]}""");
        });

        Assert.IsType<GrowResult.Changed>(_azure.Grow(view, 3));
        Assert.Equal(5, set.Capacity);
    }

    [Fact]
    public void A_write_that_cannot_have_been_sent_is_sent_again()
    {
        Arm.Set("agents", 2);
        var view = _azure.Pool();
        Arm.Instead("PATCH", _ => throw new HttpRequestException(HttpRequestError.ConnectionError));

        Assert.Equal(new GrowResult.Growing(5, 3), _azure.Grow(view, 3));
        Assert.Equal(2, Arm.Count("PATCH"));
    }

    [Fact]
    public void An_operation_that_fails_is_known_within_seconds_and_handed_out_once()
    {
        Arm.Set("agents", 2);
        _azure.Grow(_azure.Pool(), 3);
        _azure.Pool();
        _azure.Pass(TimeSpan.FromSeconds(30));
        Arm.Operations[1] = """{"status":"Failed","error":{"code":"AllocationFailed","message":"None left."}}""";

        Assert.InRange(_azure.UntilChanged(), TimeSpan.Zero, TimeSpan.FromSeconds(5));

        var pool = _azure.Pool();
        Assert.Equal((GrowRefusal.NoCapacity, "AllocationFailed", "None left."), Told(Assert.Single(pool.Failures)));
        Assert.Empty(pool.InFlight);
        Assert.Empty(_azure.Pool().Failures);
    }

    [Theory]
    [InlineData("ZonalAllocationFailed", GrowRefusal.NoCapacity)]
    [InlineData("OverconstrainedZonalAllocationRequest", GrowRefusal.NoCapacity)]
    [InlineData("SubnetIsFull", GrowRefusal.Refused)]
    [InlineData("QuotaExceeded", GrowRefusal.Quota)]
    public void The_cause_of_a_failure_is_found_in_its_details(string code, GrowRefusal refusal)
    {
        Arm.Set("agents", 2);
        _azure.Grow(_azure.Pool(), 3);
        Arm.Operations[1] = $$$"""{"status":"Failed","error":{"code":"ResourceOperationFailure","message":"Failed.","details":[{"code":"{{{code}}}","target":"3","message":"So."}]}}""";

        _azure.UntilChanged();

        var failure = Assert.Single(_azure.Pool().Failures);
        Assert.Equal((refusal, code), (failure.Refusal, failure.Code));
    }

    [Fact]
    public void An_operation_that_a_later_grow_of_ours_took_over_is_no_failure()
    {
        Arm.Set("agents", 2);
        _azure.Grow(_azure.Pool(), 1);
        _azure.Grow(_azure.Pool(), 1);
        Arm.Operations[1] = """{"status":"Failed","error":{"code":"OperationPreempted","message":"A newer one."}}""";

        _azure.UntilChanged();

        Assert.Empty(_azure.Pool().Failures);
        Assert.Single(_azure.Pool().InFlight);
    }

    [Fact]
    public void When_the_operation_got_lost_the_state_of_the_scale_set_tells_how_it_ended()
    {
        var set = Arm.Set("agents", 2);
        var view = _azure.Pool();
        set.State = "Updating";
        Arm.After("PATCH", _ => ScriptedArm.Answer(HttpStatusCode.InternalServerError, ""));
        _azure.Grow(view, 3);
        _azure.Pass(TimeSpan.FromMinutes(1));
        Assert.Single(_azure.Pool().InFlight);
        set.State = "Failed";

        _azure.UntilChanged();

        Assert.Equal(GrowRefusal.NoCapacity, Assert.Single(_azure.Pool().Failures).Refusal);
    }

    [Fact]
    public void An_operation_without_end_is_given_up_and_told()
    {
        Arm.Set("agents", 2);
        _azure.Grow(_azure.Pool(), 3);

        _azure.Pass(TimeSpan.FromMinutes(61));

        var pool = _azure.Pool();
        Assert.Equal("NoEnd", Assert.Single(pool.Failures).Code);
        Assert.Empty(pool.InFlight);
    }

    [Fact]
    public void Polling_waits_as_long_as_it_is_told()
    {
        Arm.Set("agents", 2);
        _azure.Grow(_azure.Pool(), 3);
        Arm.Instead("GET operations/1", HttpStatusCode.OK, """{"status":"InProgress"}""", "60");
        _azure.Pass(TimeSpan.FromSeconds(10));
        var polls = Arm.Count("GET operations/1");

        _azure.Pass(TimeSpan.FromSeconds(50));
        Assert.Equal(polls, Arm.Count("GET operations/1"));

        _azure.Pass(TimeSpan.FromSeconds(8));
        Assert.Equal(polls + 1, Arm.Count("GET operations/1"));
    }

    [Fact]
    public void Trouble_with_polling_does_not_stop_it()
    {
        Arm.Set("agents", 2);
        _azure.Grow(_azure.Pool(), 3);
        Arm.Instead("GET operations/1", HttpStatusCode.TooManyRequests, "", "10");
        Arm.Instead("GET operations/1", HttpStatusCode.Forbidden, "");
        Arm.Instead("GET operations/1", HttpStatusCode.OK, "<html>");
        Arm.Instead("GET operations/1", _ => throw new InvalidOperationException("out of the blue"));
        Arm.Operations[1] = """{"status":"Succeeded"}""";

        Assert.InRange(_azure.UntilChanged(), TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(2));
        Assert.Empty(_azure.Pool().Failures);
    }

    private static (GrowRefusal, string, string) Told(GrowFailure failure) => (failure.Refusal, failure.Code, failure.Message);
}
