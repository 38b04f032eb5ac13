using System.Net;
using Ebb.Clouds;

namespace Ebb.Tests.Clouds.Azure;

/// <summary>Growth whose request was throttled or whose answer never came.</summary>
public class LostWriteTests
{
    private readonly AzureCase _azure = new();

    private ScriptedArm Arm => _azure.Arm;

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
}
