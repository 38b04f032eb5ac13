using System.Net;
using Ebb.Clouds;
using Ebb.Pools;

namespace Ebb.Tests.Clouds.Azure;

public class ReadTests
{
    private readonly AzureCase _azure = new();

    [Fact]
    public void A_scale_set_is_a_pool_with_its_machines()
    {
        _azure.Arm.Set("agents", 2).Tags["ebb-max"] = "20";

        var view = _azure.Read();

        Assert.True(view.Complete, view.Trouble);
        var pool = Assert.Single(view.Pools);
        Assert.Null(pool.Pool.Problem);
        Assert.Equal((2, 20, 2000L, "\"1\""), (pool.Capacity, pool.Pool.Max, pool.Pool.Shape.Capacity.CpuMilli, pool.ETag));
        var machine = pool.Machines[1];
        Assert.Equal(("1", "agents_1", "agents000001", "vm-1", "eastus-1"), (machine.Id, machine.Name, machine.HostName, machine.VmId, machine.Zone));
        Assert.Equal(
            "azure:///subscriptions/sub-1/resourceGroups/farm/providers/Microsoft.Compute/virtualMachineScaleSets/agents/virtualMachines/1",
            machine.ProviderId);
        Assert.Equal(MachineState.Running, machine.State);
    }

    [Theory]
    [InlineData("Uniform", """{"diskSizeGB":32,"diffDiskSettings":{"option":"Local","placement":"ResourceDisk"}}""", true)]
    [InlineData("Flexible", """{"diffDiskSettings":{"option":"local"}}""", true)]
    [InlineData("Uniform", """{"diskSizeGB":32,"diffDiskSettings":null}""", false)]
    [InlineData("Flexible", null, false)]
    public void Where_the_system_disk_of_a_pool_lies_stands_in_its_scale_set(string orchestration, string? disk, bool local)
    {
        var set = _azure.Arm.Set("agents", 0);
        (set.Orchestration, set.Disk) = (orchestration, disk);

        Assert.Equal(local, _azure.Pool().Pool.LocalDisk);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_list_from_before_our_last_write_is_known_by_the_tag_that_the_write_was_answered_with(bool inBodyOnly)
    {
        var set = _azure.Arm.Set("agents", 2);
        var view = _azure.Pool();
        var before = new System.Text.Json.Nodes.JsonObject { ["value"] = new System.Text.Json.Nodes.JsonArray(set.Json()) }.ToJsonString();
        if (inBodyOnly)
        {
            _azure.Arm.After("PATCH agents", _ => ScriptedArm.Answer(HttpStatusCode.OK, set.Json().ToJsonString()));
        }

        Assert.IsType<GrowResult.Growing>(_azure.Grow(view, 3));
        _azure.Arm.Instead("GET sets", HttpStatusCode.OK, before);

        Assert.Contains("as it was before our last change", _azure.Read().Trouble, StringComparison.Ordinal);
    }

    [Fact]
    public void Machines_are_listed_only_when_something_changed_or_the_list_is_old()
    {
        var set = _azure.Arm.Set("agents", 2);
        _azure.Read();
        _azure.Read();
        Assert.Equal(1, _azure.Arm.Count("GET agents/virtualMachines"));

        _azure.Read("agents");
        Assert.Equal(2, _azure.Arm.Count("GET agents/virtualMachines"));

        set.Writes++;
        _azure.Read();
        Assert.Equal(3, _azure.Arm.Count("GET agents/virtualMachines"));

        _azure.Pass(TimeSpan.FromMinutes(11));
        _azure.Read();
        _azure.Read("others");
        Assert.Equal(4, _azure.Arm.Count("GET agents/virtualMachines"));
        Assert.Equal(1, _azure.Arm.Count("GET skus"));
    }

    [Fact]
    public void A_throttled_list_of_machines_makes_the_view_incomplete_and_shows_what_was_before()
    {
        _azure.Arm.Set("agents", 2);
        var before = _azure.Pool();
        _azure.Pass(TimeSpan.FromSeconds(3));
        _azure.Arm.Instead("GET agents/virtualMachines", HttpStatusCode.TooManyRequests, """{"code":"OperationNotAllowed","message":"Too many."}""", "20");

        var view = _azure.Read("agents");

        Assert.False(view.Complete);
        Assert.Contains("'agents'", view.Trouble, StringComparison.Ordinal);
        Assert.Equal((2, before.MachinesReadAt), (view.Pools[0].Machines.Length, view.Pools[0].MachinesReadAt));
    }

    [Fact]
    public void While_one_kind_of_call_is_throttled_only_the_others_go_out()
    {
        var arm = _azure.Arm;
        arm.Set("agents", 2);
        _azure.Read();
        arm.Instead("GET agents/virtualMachines", HttpStatusCode.TooManyRequests, "{}", "20");
        _azure.Read("agents");
        var calls = arm.Count("GET agents/virtualMachines");

        _azure.Pass(TimeSpan.FromSeconds(19));
        Assert.False(_azure.Read("agents").Complete);
        Assert.Equal(calls, arm.Count("GET agents/virtualMachines"));
        Assert.IsType<GrowResult.Growing>(_azure.Grow(_azure.Read().Pools[0], 1));

        _azure.Pass(TimeSpan.FromSeconds(2));
        Assert.True(_azure.Read("agents").Complete);
    }

    [Fact]
    public void A_limit_of_the_whole_subscription_holds_back_all_reads()
    {
        _azure.Arm.Set("agents", 2);
        _azure.Read();
        _azure.Arm.Instead("GET agents/virtualMachines", HttpStatusCode.TooManyRequests, ScriptedArm.Error("SubscriptionRequestsThrottled"), "20");
        _azure.Read("agents");
        var calls = _azure.Arm.Calls.Count;

        var view = _azure.Read("agents");

        Assert.False(view.Complete);
        Assert.Equal(calls, _azure.Arm.Calls.Count);
    }

    [Fact]
    public void A_read_that_fails_is_repeated_and_then_given_up()
    {
        _azure.Arm.Set("agents", 1);
        _azure.Arm.Instead("GET sets", HttpStatusCode.BadGateway, "<html>");
        _azure.Arm.Instead("GET sets", _ => throw new HttpRequestException(HttpRequestError.ResponseEnded));
        Assert.True(_azure.Read().Complete);

        for (var i = 0; i < 3; i++)
        {
            _azure.Arm.Instead("GET sets", HttpStatusCode.InternalServerError, "");
        }

        var view = _azure.Read();

        Assert.False(view.Complete);
        Assert.Single(view.Pools);
    }

    [Fact]
    public void When_nothing_was_ever_read_a_failure_says_what_answered()
    {
        _azure.Arm.Instead("GET sets", HttpStatusCode.NotFound, ScriptedArm.Error("ResourceGroupNotFound"));

        var e = Assert.Throws<CloudException>(() => _azure.Read());

        Assert.Equal((HttpStatusCode.NotFound, "ResourceGroupNotFound"), (e.Status, e.Code));
        Assert.Contains("'Farm'", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{\"value\":7}")]
    [InlineData("{\"value\":[{\"sku\":{\"capacity\":\"many\"}}]}")]
    [InlineData("\u0000\u0001")]
    public void An_answer_that_makes_no_sense_is_a_clear_error(string body)
    {
        _azure.Arm.Instead("GET sets", HttpStatusCode.OK, body);

        Assert.Contains("not understood", Assert.Throws<CloudException>(() => _azure.Read()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_scale_set_missing_from_the_list_is_asked_for_by_name_before_it_is_believed_gone()
    {
        _azure.Arm.Set("agents", 1);
        _azure.Read();
        _azure.Arm.Instead("GET sets", HttpStatusCode.OK, """{"value":[]}""");

        Assert.Single(_azure.Read().Pools);

        _azure.Arm.Sets.Clear();
        var gone = _azure.Read();
        Assert.True(gone.Complete);
        Assert.Empty(gone.Pools);
    }

    [Fact]
    public void Machines_that_vanish_while_the_capacity_stays_are_believed_gone_only_after_a_second_look()
    {
        var set = _azure.Arm.Set("agents", 3);
        _azure.Read();
        set.Machines.Remove(1);

        var first = _azure.Read("agents");
        Assert.Equal(TimeSpan.Zero, _azure.UntilChanged());
        var second = _azure.Read();

        Assert.Equal((false, 3), (first.Complete, first.Pools[0].Machines.Length));
        Assert.Equal((true, 2), (second.Complete, second.Pools[0].Machines.Length));
    }

    [Fact]
    public void A_list_from_before_our_own_last_write_is_not_believed()
    {
        var set = _azure.Arm.Set("agents", 2);
        var stale = $$"""{"value":[{{set.Json().ToJsonString()}}]}""";
        Assert.IsType<GrowResult.Growing>(_azure.Grow(_azure.Pool(), 3));
        _azure.Arm.Instead("GET sets", HttpStatusCode.OK, stale);

        Assert.False(_azure.Read().Complete);

        var view = _azure.Read();
        Assert.Equal((true, 5), (view.Complete, view.Pools[0].Machines.Length));
    }

    [Fact]
    public void A_pool_with_a_bad_tag_is_shown_with_its_problem()
    {
        _azure.Arm.Set("agents", 1).Tags["ebb-max"] = "lots";

        Assert.Contains("'ebb-max' is 'lots'", _azure.Pool().Pool.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_scale_set_that_is_to_be_ignored_is_no_pool()
    {
        _azure.Arm.Set("agents", 1).Tags["ebb-ignore"] = "true";

        Assert.Empty(_azure.Read().Pools);
        Assert.Equal(0, _azure.Arm.Count("GET agents"));
    }

    [Fact]
    public void Without_the_right_to_read_sizes_the_pool_says_so()
    {
        _azure.Arm.Set("agents", 1);
        _azure.Arm.Instead("GET skus", HttpStatusCode.Forbidden, ScriptedArm.Error("AuthorizationFailed"));

        Assert.Contains("Microsoft.Compute/skus/read", _azure.Pool().Pool.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Creating", "starting", MachineState.Creating)]
    [InlineData("Succeeded", "running", MachineState.Running)]
    [InlineData("Updating", "running", MachineState.Running)]
    [InlineData("Succeeded", "deallocated", MachineState.Deallocated)]
    [InlineData("Succeeded", "stopped", MachineState.Stopped)]
    [InlineData("Updating", "deallocating", MachineState.Stopping)]
    [InlineData("Deleting", "running", MachineState.Deleting)]
    [InlineData("Failed", "stopped", MachineState.Failed)]
    [InlineData("Failed", "running", MachineState.Running)]
    public void The_state_of_a_machine_is_read_from_what_was_done_to_it_and_from_its_power(string provisioning, string power, MachineState state)
    {
        var set = _azure.Arm.Set("agents", 1);
        set.Provisioning[0] = provisioning;
        set.Power[0] = power;

        Assert.Equal(state, _azure.Pool().Machines[0].State);
    }

    [Fact]
    public void A_token_is_kept_until_shortly_before_its_end_and_renewed_once_when_refused()
    {
        _azure.Arm.Set("agents", 1);
        _azure.TokenLife = TimeSpan.FromHours(1);
        _azure.Read();
        _azure.Read();
        Assert.Equal(1, _azure.Tokens);

        _azure.Pass(TimeSpan.FromMinutes(56));
        _azure.Read();
        Assert.Equal(2, _azure.Tokens);

        _azure.Arm.Instead("GET sets", HttpStatusCode.Unauthorized, ScriptedArm.Error("ExpiredAuthenticationToken"));
        Assert.True(_azure.Read().Complete);
        Assert.Equal(3, _azure.Tokens);

        _azure.Arm.Instead("GET sets", HttpStatusCode.Unauthorized, ScriptedArm.Error("InvalidAuthenticationToken"));
        _azure.Arm.Instead("GET sets", HttpStatusCode.Unauthorized, ScriptedArm.Error("InvalidAuthenticationToken"));
        Assert.Equal(HttpStatusCode.Unauthorized, Assert.Throws<CloudException>(() => _azure.Read()).Status);
        Assert.Equal(4, _azure.Tokens);
    }
}
