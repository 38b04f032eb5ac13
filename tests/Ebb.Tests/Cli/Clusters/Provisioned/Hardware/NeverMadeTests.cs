using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Provisioning;
using Ebb.Clouds;
using Ebb.Sandbox.Cloud;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Hardware;

/// <summary>Control-plane machines for which Azure had no room: they are made by the next run, and none that may hold anything is taken for one.</summary>
public sealed class NeverMadeTests
{
    private const string One = "\ncontrolPlane:\n  machines: 1";

    private const string Three = "\ncontrolPlane:\n  machines: 3";

    [Theory]
    [InlineData("Standard_B2ms")]
    [InlineData("Standard_D2s_v3")]
    [InlineData("Standard_D2s_v5")]
    [InlineData("Standard_F4s_v2")]
    public void The_only_one_is_made_anew_in_whatever_size_the_file_says_then(string size)
    {
        using var cloud = new CloudCase();
        SellOut(cloud, "Standard_B2ms", machines: 0);
        var failure = Assert.Throws<CloudException>(() => cloud.Up(CloudCase.Starter + One)).Message;
        Assert.Contains("Microsoft.Compute/virtualMachines 'farm-control-plane-0': AllocationFailed", failure, StringComparison.Ordinal);
        Assert.Equal((ProvisioningState.Failed, "Standard_B2ms"), (Assert.Single(Machines(cloud)).Provisioning, Assert.Single(Machines(cloud)).Size));
        if (size == "Standard_B2ms")
        {
            SellOut(cloud, "Standard_B2ms", machines: 1);
        }

        var wanted = CloudCase.Starter + One + $"\n  size: {size}";
        var plan = cloud.Plan(wanted);
        plan.RequirePossible();
        var change = Assert.Single(plan.Changes, change => change.Name == PlaneLab.Name(0) && change.Type.EndsWith("virtualMachines", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(
            (ChangeAction.Replace, $"could not be made (AllocationFailed) and has never run: deleted, and made as {size}"), (change.Action, change.Means));
        Assert.Empty(plan.Hardware.Steps);
        cloud.Up(wanted);

        Assert.Equal((ProvisioningState.Succeeded, PowerState.Running, size), State(Assert.Single(Machines(cloud))));
        Assert.Empty(cloud.Plan(wanted).Changes);
    }

    [Fact]
    public void While_there_is_no_room_each_run_fails_alike_and_the_next_one_is_no_worse_off()
    {
        using var cloud = new CloudCase();
        SellOut(cloud, "Standard_B2ms", machines: 0);
        Assert.Throws<CloudException>(() => cloud.Up());
        Assert.Contains("AllocationFailed", Assert.Throws<CloudException>(() => cloud.Up()).Message, StringComparison.Ordinal);
        Assert.Contains("AllocationFailed", Assert.Throws<CloudException>(() => cloud.Up()).Message, StringComparison.Ordinal);

        SellOut(cloud, "Standard_B2ms", machines: 1);
        cloud.Up();

        Assert.Equal((ProvisioningState.Succeeded, PowerState.Running, "Standard_B2ms"), State(Assert.Single(Machines(cloud))));
    }

    [Theory]
    [InlineData("Standard_B2ms")]
    [InlineData("Standard_D2s_v3")]
    public void One_of_three_is_made_anew_and_the_others_stay_the_machines_that_they_are(string size)
    {
        using var lab = new PlaneLab(Three, lab =>
        {
            SellOut(lab.Cloud, "Standard_B2ms", machines: 2);
            Assert.Throws<CloudException>(() => lab.Up(Three));
        });
        var failed = Assert.Single(lab.Machines, machine => machine.Provisioning is ProvisioningState.Failed).Name;
        lab.Cloud.World.SetAvailability([]);

        var wanted = Three + $"\n  size: {size}";
        var plan = lab.Plan(wanted);
        lab.Up(wanted);

        Assert.Equal(failed, Assert.Single(plan.Changes, change => change.Action is ChangeAction.Replace).Name);
        Assert.DoesNotContain(plan.Hardware.Steps, step => step.Machine == failed);
        Assert.All(lab.Machines, machine => Assert.Equal((ProvisioningState.Succeeded, PowerState.Running, size), State(machine)));
        Assert.All(lab.Ids.Where(id => id.Key != failed), id => Assert.Equal(lab.FirstIds[id.Key], id.Value));
        Assert.Empty(lab.Plan(wanted).Changes);
    }

    [Fact]
    public void One_that_has_reported_is_left_alone()
    {
        using var cloud = new CloudCase();
        SellOut(cloud, "Standard_B2ms", machines: 0);
        Assert.Throws<CloudException>(() => cloud.Up());
        var machine = Assert.Single(Machines(cloud));

        // Not even whole.
        Report(cloud, PlaneLab.Name(0), [0, 0, 0, 0]);
        cloud.World.SetAvailability([]);

        Assert.DoesNotContain(cloud.Plan().Changes, change => change.Action is ChangeAction.Replace);
        var e = Assert.Throws<EbbException>(() => cloud.Plan(CloudCase.Starter + One + "\n  size: Standard_D2s_v5").RequirePossible());
        Assert.Contains("its disk holds all that Kubernetes knows", e.Message, StringComparison.Ordinal);
        cloud.Up();
        Assert.Equal(machine.ResourceId, Assert.Single(Machines(cloud)).ResourceId);
        Assert.DoesNotContain(cloud.Wire.Writes, call => call.StartsWith("DELETE", StringComparison.Ordinal));
    }

    [Fact]
    public void One_that_ran_and_found_no_room_when_it_was_started_again_is_left_alone_also_after_a_deployment_that_failed()
    {
        using var cloud = new CloudCase();
        cloud.Up();
        var made = Assert.Single(Machines(cloud)).VmId;
        cloud.Do(() => cloud.Cloud.Machines.DeallocateAsync("farm-compute", PlaneLab.Name(0), CancellationToken.None));
        SellOut(cloud, "Standard_B2ms", machines: 0);
        cloud.World.Faults.Add(new Fault { Kind = FaultKind.Error, On = CallKind.PutResource, ResourceType = "Microsoft.Network/publicIPAddresses", Status = 400, Code = "BadRequest", Count = 1 });
        Assert.Throws<CloudException>(() => cloud.Up(CloudCase.Starter + "\nnetwork:\n  dnsLabel: barn"));
        Assert.Throws<CloudException>(() => cloud.Do(() => cloud.Cloud.Machines.StartAsync("farm-compute", PlaneLab.Name(0), CancellationToken.None)));
        Assert.Equal(ProvisioningState.Failed, Assert.Single(Machines(cloud)).Provisioning);

        var plan = cloud.Plan(CloudCase.Starter + One + "\n  size: Standard_D2s_v5");

        Assert.DoesNotContain(plan.Changes, change => change.Action is ChangeAction.Replace);
        Assert.Throws<EbbException>(plan.RequirePossible);
        Assert.Equal(made, Assert.Single(Machines(cloud)).VmId);
    }

    [Fact]
    public void Storage_that_is_not_as_Ebb_left_it_says_nothing_about_who_has_reported()
    {
        using var cloud = new CloudCase();
        SellOut(cloud, "Standard_B2ms", machines: 0);
        Assert.Throws<CloudException>(() => cloud.Up());
        cloud.Do(() => ShareAsync(cloud, share => share.DeleteAsync(SystemShare.JoinAuthority, CancellationToken.None)));

        Assert.DoesNotContain(cloud.Plan().Changes, change => change.Action is ChangeAction.Replace);
    }

    private static IEnumerable<Instance> Machines(CloudCase cloud) => cloud.World.Instances.Where(machine => machine.Standalone);

    private static (ProvisioningState, PowerState, string) State(Instance machine) => (machine.Provisioning, machine.Power, machine.Size);

    private static void SellOut(CloudCase cloud, string size, int machines) => cloud.World.SetAvailability([new Availability { Size = size, Machines = machines }]);

    private static void Report(CloudCase cloud, string machine, byte[] content) => cloud.Do(() => ShareAsync(cloud, async share =>
    {
        await share.MakeDirectoryAsync(Path.GetDirectoryName(SystemShare.State(machine))!, CancellationToken.None);
        using var stream = new MemoryStream(content);
        await share.WriteAsync(SystemShare.State(machine), stream, CancellationToken.None);
    }));

    private static async Task ShareAsync(CloudCase cloud, Func<Ebb.Clouds.Azure.Deployments.FileShare, Task> act)
    {
        var names = new ResourceNames(CloudCase.File(), cloud.Cloud.Arm.Subscription);
        var access = await cloud.Cloud.Accounts.AccessAsync("farm-storage", names.SystemAccount, CancellationToken.None);
        await act(new Ebb.Clouds.Azure.Deployments.FileShare(access!, SystemShare.Name, cloud.Cloud.Http, cloud.Time, new Random(1)));
    }
}

/// <summary>The same, whatever becomes of any request of the second run.</summary>
[Trait("Suite", "sim")]
public sealed class NeverMadeFaultTests
{
    public static TheoryData<string> Troubles => [.. FaultMatrixTests.OfWrites];

    [Theory]
    [MemberData(nameof(Troubles))]
    public void It_is_made_anew_whatever_becomes_of_any_request(string trouble)
    {
        const string Wanted = CloudCase.Starter + "\ncontrolPlane:\n  size: Standard_D2s_v5";
        List<string> calls;
        using (var clean = Failed())
        {
            clean.Up(Wanted);
            calls = FaultMatrixTests.Struck(clean.Wire.Calls, trouble);
        }

        Assert.Contains(calls, call => call.StartsWith("DELETE", StringComparison.Ordinal));
        foreach (var call in calls)
        {
            using var struck = Failed();
            FaultMatrixTests.Strike(struck.Wire, struck.World, call, trouble);

            FaultMatrixTests.RunTwice(
                () =>
                {
                    struck.Plan(Wanted).RequirePossible();
                    struck.Up(Wanted);
                },
                trouble);

            var machine = struck.World.Instances.Single(machine => machine.Standalone);
            Assert.True(machine is { Size: "Standard_D2s_v5", Power: PowerState.Running }, $"{trouble} at {call}: {machine.Size} {machine.Power}");
            Assert.True(struck.Plan(Wanted).Changes.IsEmpty, $"{trouble} at {call}");
        }
    }

    private static CloudCase Failed()
    {
        var cloud = new CloudCase();
        cloud.World.SetAvailability([new Availability { Size = "Standard_B2ms", Machines = 0 }]);
        Assert.Throws<CloudException>(() => cloud.Up());
        cloud.Wire.Calls.Clear();
        return cloud;
    }
}
