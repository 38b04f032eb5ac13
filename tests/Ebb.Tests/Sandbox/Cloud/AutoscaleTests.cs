using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Cloud;

public class AutoscaleTests
{
    private static Lab Farm(int capacity, int minimum = 1, int maximum = 5)
    {
        var lab = new Lab();
        lab.Have(Lab.Spec(capacity));
        var put = lab.World.PutAutoscale(Lab.Group, "cpu", AutoscaleSetting.ByCpu(lab.Current.ResourceId, minimum, maximum));
        Assert.True(put.Ok, put.Error?.Message);
        return lab;
    }

    [Fact]
    public void Busy_machines_get_company_one_at_a_time_up_to_the_maximum()
    {
        using var lab = Farm(1, maximum: 3);
        lab.World.CpuPercent = _ => 90;

        lab.Pass(minutes: 1.1);
        var first = lab.Current.Capacity;
        lab.Pass(minutes: 4);
        var cooling = lab.Current.Capacity;
        lab.Pass(minutes: 30);

        Assert.Equal((2, 2, 3), (first, cooling, lab.Current.Capacity));
    }

    [Fact]
    public void Quiet_machines_go_newest_first_busy_or_not_down_to_the_minimum()
    {
        using var lab = Farm(3);
        lab.World.CpuPercent = i => i.Number == 2 ? 50 : 0;

        lab.Pass(minutes: 1.1);

        Assert.Equal(["0", "1"], lab.Ids);
        lab.Pass(minutes: 30);
        Assert.Equal(["0"], lab.Ids);
    }

    [Fact]
    public void A_scale_in_that_would_scale_out_again_is_not_done()
    {
        using var lab = Farm(2);

        // 40 % of two machines would be 80 % of one.
        lab.World.PutAutoscale(Lab.Group, "cpu", AutoscaleSetting.ByCpu(lab.Current.ResourceId, 1, 5, inBelow: 45));
        lab.World.CpuPercent = _ => 40;
        lab.Pass(minutes: 30);

        Assert.Equal(2, lab.Current.Capacity);
    }

    [Fact]
    public void A_count_outside_the_bounds_is_brought_inside_without_metrics()
    {
        using var lab = Farm(1, minimum: 2, maximum: 4);

        lab.Pass(minutes: 1.1);

        Assert.Equal(2, lab.Current.Capacity);
    }

    [Fact]
    public void Its_own_scaling_is_no_request_of_a_client()
    {
        using var lab = Farm(1);
        lab.World.CpuPercent = _ => 90;
        var before = lab.World.Requests.Total;

        lab.Pass(minutes: 20);

        Assert.True(lab.Current.Capacity > 1);
        Assert.Equal(before, lab.World.Requests.Total);
    }

    [Fact]
    public void A_recurring_profile_is_in_force_from_its_start_until_another_begins()
    {
        using var lab = Farm(1);
        var body = AutoscaleSetting.ByCpu(lab.Current.ResourceId, 1, 9);
        var profiles = body["properties"]!["profiles"]!.AsArray();

        // The clock starts on a Thursday at midnight.
        profiles.Add(JsonNode.Parse("""
            {"name":"day","capacity":{"minimum":"4","maximum":"9","default":"4"},"rules":[],
             "recurrence":{"frequency":"Week","schedule":{"timeZone":"UTC","days":["Thursday"],"hours":[8],"minutes":[0]}}}
            """));
        profiles.Add(JsonNode.Parse("""
            {"name":"night","capacity":{"minimum":"0","maximum":"2","default":"1"},"rules":[],
             "recurrence":{"frequency":"Week","schedule":{"timeZone":"UTC","days":["Thursday"],"hours":[18],"minutes":[0]}}}
            """));
        Assert.True(lab.World.PutAutoscale(Lab.Group, "cpu", body).Ok);

        // Before the first start of this week, last week's night is still in force.
        lab.Pass(minutes: 7 * 60);
        var before = lab.Current.Capacity;
        lab.Pass(minutes: 2 * 60);
        var day = lab.Current.Capacity;
        lab.Pass(minutes: 10 * 60);

        Assert.Equal((1, 4, 2), (before, day, lab.Current.Capacity));
    }

    [Fact]
    public void A_setting_with_a_wrong_value_is_refused_by_name()
    {
        using var lab = Farm(1);
        var body = AutoscaleSetting.ByCpu(lab.Current.ResourceId, 1, 5);
        body["properties"]!["profiles"]![0]!["rules"]![0]!["metricTrigger"]!["timeWindow"] = "PT1S";

        var error = lab.World.PutAutoscale(Lab.Group, "cpu", body).Error!;

        Assert.Equal((400, "timeWindow"), (error.Status, error.Target));
    }

    [Fact]
    public void Two_settings_for_one_target_are_refused()
    {
        using var lab = Farm(1);

        Assert.Equal(409, lab.World.PutAutoscale(Lab.Group, "other", AutoscaleSetting.ByCpu(lab.Current.ResourceId, 1, 5)).Error!.Status);
    }
}
