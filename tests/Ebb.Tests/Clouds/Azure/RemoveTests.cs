using System.Net;
using Ebb.Clouds;
using Ebb.Clouds.Azure;
using Ebb.Pools;

namespace Ebb.Tests.Clouds.Azure;

public class RemoveTests
{
    private readonly AzureCase _azure = new();

    private ScriptedArm Arm => _azure.Arm;

    [Fact]
    public void All_machines_due_go_in_one_call_by_name()
    {
        Arm.Set("agents", 5);

        Assert.Equal(new RemoveResult.Removing(3), _azure.Remove(_azure.Pool(), 0, 2, 4));

        var call = Arm.Calls.IndexOf("POST agents/delete");
        Assert.Equal("""{"instanceIds":["0","2","4"]}""", Arm.Bodies[call]);
        Assert.DoesNotContain("force", Arm.Requests[call].RequestUri!.Query, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(1, Arm.Count("POST"));
    }

    [Fact]
    public void No_machines_means_no_call_for_an_empty_list_could_mean_all()
    {
        Arm.Set("agents", 2);
        var pool = _azure.Pool();

        Assert.Equal(new RemoveResult.Removing(0), _azure.Remove(pool));
        _azure.Do(c => c.OperateAsync(pool, [], MachineOperation.PowerOff, CancellationToken.None));

        Assert.Equal(0, Arm.Count("POST"));
    }

    [Theory]
    [InlineData("*")]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("0/start")]
    public void What_is_no_id_of_one_machine_is_never_sent(string id)
    {
        Arm.Set("agents", 2);
        var pool = _azure.Pool();
        Machine[] odd = [pool.Machines[0] with { Id = id }];

        Assert.Throws<ArgumentException>(() => _azure.Do(c => c.RemoveAsync(pool, odd, CancellationToken.None)));
        Assert.Throws<ArgumentException>(() => _azure.Do(c => c.OperateAsync(pool, odd, MachineOperation.Reimage, CancellationToken.None)));
        Assert.Equal(0, Arm.Count("POST"));
    }

    [Fact]
    public void A_machine_of_another_pool_is_never_removed()
    {
        Arm.Set("agents", 2);
        Arm.Set("others", 2);
        var pool = _azure.Pool();

        Assert.Throws<ArgumentException>(() => _azure.Do(c => c.RemoveAsync(pool, _azure.Pool("others").Machines, CancellationToken.None)));
    }

    [Fact]
    public void A_machine_that_is_gone_already_does_not_keep_the_others()
    {
        var set = Arm.Set("agents", 4);
        var pool = _azure.Pool();
        set.Machines.Remove(2);
        set.Capacity--;

        Assert.Equal(new RemoveResult.Removing(3), _azure.Remove(pool, 1, 2, 3));

        Assert.Equal([0], set.Machines);
        Assert.Equal("""{"instanceIds":["1","3"]}""", Arm.Bodies[Arm.Calls.LastIndexOf("POST agents/delete")]);
    }

    [Fact]
    public void When_all_are_gone_already_that_is_what_was_wanted()
    {
        var set = Arm.Set("agents", 2);
        var pool = _azure.Pool();
        set.Machines.Clear();
        set.Capacity = 0;

        Assert.Equal(new RemoveResult.Removing(2), _azure.Remove(pool, 0, 1));
        Assert.Equal(1, Arm.Count("POST"));

        Arm.Sets.Clear();
        Assert.Equal(new RemoveResult.Removing(2), _azure.Remove(pool, 0, 1));
    }

    [Fact]
    public void A_refusal_for_another_reason_is_told_and_not_repeated()
    {
        Arm.Set("agents", 2);
        var pool = _azure.Pool();
        Arm.Instead("POST agents/delete", HttpStatusCode.BadRequest, ScriptedArm.Error("InvalidRequestContent"));

        Assert.Equal("InvalidRequestContent", Assert.Throws<CloudException>(() => _azure.Remove(pool, 0)).Code);
        Assert.Equal(1, Arm.Count("POST"));
    }

    [Fact]
    public void A_conflict_heals_with_time()
    {
        var set = Arm.Set("agents", 2);
        var pool = _azure.Pool();
        Arm.Instead("POST agents/delete", HttpStatusCode.Conflict, ScriptedArm.Error("Conflict"));

        Assert.IsType<RemoveResult.Removing>(_azure.Remove(pool, 0));
        Assert.Equal([1], set.Machines);
    }

    [Fact]
    public void A_lost_answer_is_resolved_by_reading()
    {
        Arm.Set("agents", 2);
        var pool = _azure.Pool();
        Arm.After("POST agents/delete", _ => throw new HttpRequestException(HttpRequestError.ResponseEnded));

        Assert.Equal(new RemoveResult.Removing(1), _azure.Remove(pool, 0));

        Arm.Instead("POST agents/delete", HttpStatusCode.BadGateway, "");
        Assert.IsType<RemoveResult.Unknown>(_azure.Remove(pool, 1));
        Assert.Equal(2, Arm.Count("POST"));
    }

    [Fact]
    public void Deletes_are_throttled_apart_from_other_writes()
    {
        Arm.Set("agents", 2);
        var pool = _azure.Pool();
        Arm.Instead("POST agents/delete", HttpStatusCode.TooManyRequests, "", "60");

        Assert.Equal(new RemoveResult.Throttled(TimeSpan.FromSeconds(60)), _azure.Remove(pool, 0));
        Assert.IsType<RemoveResult.Throttled>(_azure.Remove(pool, 0));
        Assert.Equal(1, Arm.Count("POST"));
        Assert.IsType<GrowResult.Growing>(_azure.Grow(pool, 1));
    }

    [Fact]
    public void A_machine_that_we_removed_shows_as_leaving_even_while_the_list_lags()
    {
        var set = Arm.Set("agents", 2);
        _azure.Remove(_azure.Pool(), 0);
        set.Machines.Insert(0, 0);

        var pool = _azure.Pool();

        Assert.Equal(MachineState.Deleting, pool.Machines.Single(m => m.Id == "0").State);
        Assert.Equal(("remove", 1), (pool.InFlight[0].Kind, pool.InFlight[0].Machines));
    }

    [Fact]
    public void That_a_removed_machine_vanishes_is_no_reason_for_doubt()
    {
        var set = Arm.Set("agents", 3);
        _azure.Remove(_azure.Pool(), 0);
        set.Capacity = 3;

        Assert.True(_azure.Read().Complete);
    }

    [Fact]
    public void Force_is_used_only_when_asked_for_and_dropped_where_it_is_not_allowed()
    {
        var forced = new AzureCase(new AzureOptions { ForceDeletion = true });
        forced.Arm.Set("agents", 2);
        var pool = forced.Pool();
        forced.Arm.Instead("POST agents/delete", HttpStatusCode.Conflict, ScriptedArm.Error(
            "OperationNotAllowed",
            ""","innererror":{"internalErrorCode":"OperationNotAllowedOnResourceThatManagesUpdatesWithMaintenanceControl"}"""));

        Assert.IsType<RemoveResult.Removing>(forced.Remove(pool, 0));

        var queries = forced.Arm.Requests.Where(r => r.Method == HttpMethod.Post).Select(r => r.RequestUri!.Query.Contains("forceDeletion=true", StringComparison.Ordinal));
        Assert.Equal([true, false], queries);
    }

    [Theory]
    [InlineData(MachineOperation.Start, "start")]
    [InlineData(MachineOperation.PowerOff, "poweroff")]
    [InlineData(MachineOperation.Deallocate, "deallocate")]
    [InlineData(MachineOperation.Restart, "restart")]
    [InlineData(MachineOperation.Reimage, "reimage")]
    public void Machines_are_operated_in_one_call_that_is_never_repeated(MachineOperation operation, string action)
    {
        Arm.Set("agents", 3);
        var pool = _azure.Pool();

        _azure.Do(c => c.OperateAsync(pool, pool.Machines[..2], operation, CancellationToken.None));

        var call = Arm.Calls.IndexOf($"POST agents/{action}");
        Assert.Equal("""{"instanceIds":["0","1"]}""", Arm.Bodies[call]);
        Assert.Single(_azure.Pool().InFlight);

        Arm.Instead("POST", HttpStatusCode.InternalServerError, "");
        Assert.Throws<CloudException>(() => _azure.Do(c => c.OperateAsync(pool, pool.Machines[..2], operation, CancellationToken.None)));
        Assert.Equal(2, Arm.Count("POST"));
    }

    [Theory]
    [InlineData(MachineOperation.Reimage, """{"instanceIds":["0"],"forceUpdateOSDiskForEphemeral":true}""")]
    [InlineData(MachineOperation.Restart, """{"instanceIds":["0"]}""")]
    public void A_reimage_of_machines_whose_system_disk_is_on_their_host_asks_for_the_image_of_now(MachineOperation operation, string body)
    {
        Arm.Set("agents", 1).Disk = """{"diffDiskSettings":{"option":"Local"}}""";
        var pool = _azure.Pool();

        _azure.Do(c => c.OperateAsync(pool, pool.Machines, operation, CancellationToken.None));

        Assert.Equal(body, Arm.Bodies[Arm.Calls.FindIndex(call => call.StartsWith("POST", StringComparison.Ordinal))]);
    }

    [Fact]
    public void A_start_that_finds_no_capacity_is_reported_as_failed_growth()
    {
        Arm.Set("agents", 1);
        var pool = _azure.Pool();
        _azure.Do(c => c.OperateAsync(pool, pool.Machines, MachineOperation.Start, CancellationToken.None));
        Arm.Operations[1] = """{"status":"Failed","error":{"code":"AllocationFailed","message":"None."}}""";

        _azure.UntilChanged();

        Assert.Equal(GrowRefusal.NoCapacity, Assert.Single(_azure.Pool().Failures).Refusal);
    }

    [Theory]
    [InlineData("""[{"code":"VMStartTimedOut","message":"Too slow.","target":"1"}]""", "1 True VMStartTimedOut: Too slow.")]
    [InlineData("""[{"code":"VMStartTimedOut","message":"Too slow.","target":"/subscriptions/s/x/agents/virtualMachines/1"}]""", "1 True VMStartTimedOut: Too slow.")]
    [InlineData("""[{"target":"1"}]""", "1 True InternalError: Oh.")]
    [InlineData("""[{"code":"Odd","message":"Oh.","target":"networkProfile"}]""", "0 False InternalError: Oh.", "1 False InternalError: Oh.")]
    [InlineData("[]", "0 False InternalError: Oh.", "1 False InternalError: Oh.")]
    public void An_operation_that_fails_is_told_once_for_the_machines_that_its_details_name_or_else_for_all_of_them(string details, params string[] told)
    {
        Arm.Set("agents", 3);
        var pool = _azure.Pool();
        _azure.Do(c => c.OperateAsync(pool, pool.Machines[..2], MachineOperation.Restart, CancellationToken.None));
        Arm.Operations[1] = $$$"""{"status":"Failed","error":{"code":"InternalError","message":"Oh.","details":{{{details}}}}}""";

        _azure.UntilChanged();
        var failures = _azure.Pool().OperationFailures;

        Assert.Equal(told, failures.Select(f => $"{f.Machine} {f.Named} {f.Code}: {f.Message}"));
        Assert.Empty(_azure.Pool().OperationFailures);
    }

    [Fact]
    public void An_operation_on_a_single_machine_fails_for_that_one_whatever_the_details_say()
    {
        Arm.Set("agents", 3);
        var pool = _azure.Pool();
        _azure.Do(c => c.OperateAsync(pool, pool.Machines[1..2], MachineOperation.Reimage, CancellationToken.None));
        Arm.Operations[1] = """{"status":"Canceled"}""";

        _azure.UntilChanged();

        var failure = Assert.Single(_azure.Pool().OperationFailures);
        Assert.Equal(("1", true, "reimage"), (failure.Machine, failure.Named, failure.Kind));
    }
}
