using Ebb.Cli.Clusters.Provisioned;
using Ebb.Clouds;
using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>A cluster is made, made again, changed, mended; on virtual time.</summary>
public sealed class ClusterUpTests : IDisposable
{
    private readonly CloudCase _case = new();

    [Fact]
    public void From_nothing_to_a_cluster()
    {
        var deployed = _case.Up();

        Assert.True(deployed.Succeeded);
        Assert.NotNull(deployed.Output("address"));
        Assert.NotNull(_case.World.FindMachine("farm-compute", "farm-control-plane-0"));
        Assert.Equal(1, _case.World.Find("farm-compute", "agents")!.Capacity);
        Assert.Equal(["storage", "files", "compute"], _case.Told.OfType<ProvisionEvent.Ended>().Select(e => e.Step));
    }

    [Fact]
    public void What_machines_are_told_at_their_birth_is_a_change_though_Azure_shows_it_to_nobody()
    {
        const string Changed = CloudCase.Starter + "\noptions: {timeZone: Europe/Lisbon}\n";
        _case.Up();

        var plan = _case.Plan(Changed);
        var change = Assert.Single(plan.Changes);

        Assert.Equal((ChangeAction.Deploy, "farm-compute", "ebb-compute"), (change.Action, change.Group, change.Name));
        Assert.False(plan.Touches);
        Assert.StartsWith("deployed with what Azure does not show, such as what machines are told at their birth", change.Means);
        _case.Up(Changed);
        Assert.Empty(_case.Plan(Changed).Changes);
    }

    [Fact]
    public void Made_again_nothing_is_written()
    {
        _case.Up();
        _case.Wire.Calls.Clear();

        _case.Up();

        Assert.Empty(_case.Wire.Writes);
        Assert.Empty(_case.Plan().Changes);
    }

    [Fact]
    public void A_plan_for_an_empty_subscription_makes_all_and_asks_nothing()
    {
        var plan = _case.Plan();

        Assert.All(plan.Changes, c => Assert.Equal(ChangeAction.Create, c.Action));
        Assert.False(plan.Touches);
        Assert.Contains(plan.Changes, c => c.Type == "Microsoft.Compute/virtualMachineScaleSets" && c.Name == "agents");
    }

    [Fact]
    public void One_machine_becomes_three_and_three_five_with_the_address_that_there_was()
    {
        var one = _case.Up();
        var machine = FirstMachine();

        var three = _case.Up(OfMachines(3));
        Assert.Equal(one.Output("address"), three.Output("address"));
        Assert.Equal(machine, FirstMachine());
        Assert.NotNull(_case.World.FindMachine("farm-compute", "farm-control-plane-2"));
        Assert.Contains(_case.Told.OfType<ProvisionEvent.Note>(), note => note.Text.Contains("load balancer", StringComparison.Ordinal));
        Assert.Empty(_case.Plan(OfMachines(3)).Changes);

        _case.Told.Clear();
        var five = _case.Up(OfMachines(5));
        Assert.Equal(one.Output("address"), five.Output("address"));
        Assert.NotNull(_case.World.FindMachine("farm-compute", "farm-control-plane-4"));
        Assert.DoesNotContain(_case.Told.OfType<ProvisionEvent.Note>(), note => note.Text.Contains("load balancer", StringComparison.Ordinal));
        Assert.Empty(_case.Plan(OfMachines(5)).Changes);

        string FirstMachine() => _case.World.FindMachine("farm-compute", "farm-control-plane-0")!.Value.Machine.VmId;

        static string OfMachines(int count) => $"{CloudCase.Starter}\ncontrolPlane:\n  machines: {count}\n";
    }

    [Fact]
    public void A_changed_file_changes_only_what_differs()
    {
        _case.Up();
        var changed = CloudCase.Starter.Replace("max: 10", "max: 20", StringComparison.Ordinal);

        var plan = _case.Plan(changed);
        _case.Wire.Calls.Clear();
        _case.Up(changed);

        var only = Assert.Single(plan.Changes);
        Assert.Equal((ChangeAction.Change, "agents"), (only.Action, only.Name));
        Assert.Contains(only.Parts, p => p.What.Contains("ebb-max: 10 → 20", StringComparison.Ordinal) && p.Effect is Effect.InPlace);
        Assert.Contains("ebb-compute", Assert.Single(_case.Wire.Writes), StringComparison.Ordinal);
        Assert.Equal("20", _case.World.Find("farm-compute", "agents")!.Tags["ebb-max"]);
        Assert.Empty(_case.Plan(changed).Changes);
    }

    [Fact]
    public void Machines_that_the_controller_bought_are_not_taken_away()
    {
        _case.Up();
        Grow(4);

        _case.Up(CloudCase.Starter.Replace("max: 10", "max: 20", StringComparison.Ordinal));

        Assert.Equal(4, _case.World.Find("farm-compute", "agents")!.Capacity);
    }

    [Fact]
    public void More_machines_alone_are_no_reason_to_deploy()
    {
        _case.Up();
        Grow(4);

        Assert.Empty(_case.Plan().Changes);
    }

    [Fact]
    public void What_cannot_change_in_place_is_said_to_be_replaced_and_is()
    {
        _case.Up();
        var before = _case.World.Find("farm-compute", "agents")!.UniqueId;
        var changed = CloudCase.Starter.Replace("priority: spot", "priority: regular", StringComparison.Ordinal);

        var plan = _case.Plan(changed);
        _case.Up(changed);

        Assert.Equal(ChangeAction.Replace, plan.Changes.Single(c => c.Name == "agents" && c.Type.EndsWith("virtualMachineScaleSets", StringComparison.Ordinal)).Action);
        Assert.NotEqual(before, _case.World.Find("farm-compute", "agents")!.UniqueId);
        Assert.Equal(Priority.Regular, _case.World.Find("farm-compute", "agents")!.Priority);
    }

    [Fact]
    public void A_pool_of_another_image_is_made_anew()
    {
        _case.Up();
        var before = _case.World.Find("farm-compute", "agents")!.UniqueId;
        var changed = CloudCase.Starter + "\noptions:\n  image: debian-12\n";

        var plan = _case.Plan(changed);
        _case.Up(changed);

        Assert.Equal(ChangeAction.Replace, plan.Changes.Single(c => c.Name == "agents" && c.Type.EndsWith("virtualMachineScaleSets", StringComparison.Ordinal)).Action);
        Assert.NotEqual(before, _case.World.Find("farm-compute", "agents")!.UniqueId);
    }

    [Fact]
    public void A_pool_grows_beyond_a_placement_group_and_back_with_the_machines_that_it_has()
    {
        _case.Up();
        var before = _case.World.Find("farm-compute", "agents")!.UniqueId;
        var larger = CloudCase.Starter.Replace("max: 10", "max: 150", StringComparison.Ordinal);

        var grows = Assert.Single(_case.Plan(larger).Changes);
        _case.Up(larger);
        var there = _case.Plan(larger);
        var shrinks = Assert.Single(_case.Plan().Changes);
        _case.Up();
        var back = _case.Plan();

        Assert.Equal((ChangeAction.Change, ChangeAction.Change), (grows.Action, shrinks.Action));
        Assert.Contains(grows.Parts, part => part.What == "properties.singlePlacementGroup: true → false");
        Assert.Equal("tags.ebb-max: 150 → 10", Assert.Single(shrinks.Parts).What);
        Assert.Empty(there.Changes);
        Assert.Empty(back.Changes);
        Assert.False(back.IsDue(back.Compute.Group));
        var pool = _case.World.Find("farm-compute", "agents")!;
        Assert.Equal((before, "10", false), (pool.UniqueId, pool.Tags["ebb-max"], pool.Spec.SinglePlacementGroup));
    }

    [Fact]
    public void A_pool_that_the_file_no_longer_has_goes()
    {
        var two = CloudCase.Starter + "\n  - name: gpu\n    size: Standard_NC4as_T4_v3\n    max: 2";
        _case.Up(two);

        var plan = _case.Plan();
        _case.Up();

        Assert.Equal((ChangeAction.Delete, "gpu"), Assert.Single(plan.Changes.Where(c => c.Action is not ChangeAction.Change).Select(c => (c.Action, c.Name))));
        Assert.True(plan.Touches);
        Settle();
        Assert.Null(_case.World.Find("farm-compute", "gpu"));
    }

    [Fact]
    public void What_Azure_cannot_change_is_refused_before_anything_is()
    {
        _case.Up();
        _case.Wire.Calls.Clear();

        var plan = _case.Plan(CloudCase.Starter + "\ncontrolPlane:\n  diskGiB: 30");

        var said = Assert.Throws<EbbException>(plan.RequirePossible).Message;
        Assert.Contains("Make it three machines first ('controlPlane.machines: 3')", said, StringComparison.Ordinal);
        Assert.Contains("down --keep-storage", said, StringComparison.Ordinal);
        Assert.Empty(_case.Wire.Writes);
    }

    [Theory]
    [InlineData("{range: 10.9.0.0/16}")]
    [InlineData("{controlPlaneSubnet: 10.1.8.0/24}")]
    [InlineData("{poolSubnet: 10.1.128.0/18}")]
    public void Addresses_that_machines_have_are_not_taken_from_them(string network)
    {
        _case.Up();

        var plan = _case.Plan($"{CloudCase.Starter}\nnetwork: {network}\n");

        Assert.Contains("addressPrefix", Assert.Throws<EbbException>(plan.RequirePossible).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_subnet_that_becomes_wider_is_changed_in_place()
    {
        _case.Up($"{CloudCase.Starter}\nnetwork: {{poolSubnet: 10.1.128.0/18}}\n");

        var plan = _case.Plan();
        plan.RequirePossible();
        _case.Up();

        Assert.All(plan.Changes, change => Assert.Equal(ChangeAction.Change, change.Action));
        Assert.Contains(plan.Changes.SelectMany(change => change.Parts), part => part.What.Contains("10.1.128.0/18 → 10.1.128.0/17", StringComparison.Ordinal));
        Assert.Empty(_case.Plan().Changes);
    }

    [Fact]
    public void A_pool_that_grows_while_a_person_thinks_about_the_plan_keeps_its_machines()
    {
        _case.Up();
        var plan = _case.Plan(CloudCase.Starter.Replace("max: 10", "max: 20", StringComparison.Ordinal));
        _case.World.SetCapacity("farm-compute", "agents", 4);
        Settle();

        _case.Do(() => new ClusterUp(_case.Cloud, _case.Time, new Random(1), _case.Told.Add).ApplyAsync(plan, CloudCase.Files, CancellationToken.None));

        Assert.Equal((4, "20"), (_case.World.Find("farm-compute", "agents")!.Capacity, _case.World.Find("farm-compute", "agents")!.Tags["ebb-max"]));
    }

    [Fact]
    public void A_resource_that_someone_deleted_is_made_again()
    {
        _case.Up();
        _case.Do(async () => Assert.Null(await _case.Cloud.Groups.DeleteResourceAsync(
            _case.World.Find("farm-compute", "agents")!.ResourceId, "2023-09-01", CancellationToken.None)));
        Settle();

        _case.Up();

        Assert.NotNull(_case.World.Find("farm-compute", "agents"));
    }

    [Fact]
    public void A_failure_says_which_resource_why_and_what_to_do_and_the_next_run_mends_it()
    {
        _case.World.Faults.Add(new Fault { Kind = FaultKind.FailOperation, On = CallKind.PutScaleSet, Count = 1, Code = "AllocationFailed", Message = "There is no room." });

        var e = Assert.Throws<CloudException>(() => _case.Up());

        Assert.Contains("Microsoft.Compute/virtualMachineScaleSets 'agents': AllocationFailed: There is no room.", e.Message, StringComparison.Ordinal);
        Assert.Contains("try again later", e.Message, StringComparison.Ordinal);
        Assert.Contains("run the same command again", e.Message, StringComparison.Ordinal);
        Assert.True(_case.Up().Succeeded);
    }

    [Fact]
    public void Whoever_is_interrupted_while_a_deployment_runs_finds_it_running_and_waits_for_it()
    {
        using var stop = new CancellationTokenSource();
        _case.Wire.After = (_, request) =>
        {
            if (request.Method == HttpMethod.Put && request.RequestUri!.AbsolutePath.EndsWith("/ebb-compute", StringComparison.Ordinal))
            {
                stop.Cancel();
            }
        };
        Assert.ThrowsAny<OperationCanceledException>(() => _case.UpUntil(CloudCase.Starter, stop.Token));
        _case.Wire.After = null;

        Assert.True(_case.Up().Succeeded);
        Assert.NotNull(_case.World.FindMachine("farm-compute", "farm-control-plane-0"));
    }

    public void Dispose() => _case.Dispose();

    private void Grow(int capacity)
    {
        Assert.True(_case.World.SetCapacity("farm-compute", "agents", capacity).Ok);
        Settle();
    }

    private void Settle() => _case.Do(() => Task.Delay(TimeSpan.FromMinutes(5), _case.Time));
}
