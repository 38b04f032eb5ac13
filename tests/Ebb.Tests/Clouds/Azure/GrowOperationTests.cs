using System.Net;
using Ebb.Clouds;

namespace Ebb.Tests.Clouds.Azure;

/// <summary>What became of a growth that the cloud took on.</summary>
public class GrowOperationTests
{
    private readonly AzureCase _azure = new();

    private ScriptedArm Arm => _azure.Arm;

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
