using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Cli.Clusters.Provisioned.Upgrading;
using Ebb.Cli.Operating;
using Ebb.Clouds;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Simulation.Scenarios;
using Ebb.Simulation.Worlds;

namespace Ebb.Tests.Cli.Operating;

/// <summary>Pools whose model has changed: Azure reimages a machine to the model that the machine has, and only an upgrade brings it the pool's.</summary>
public class ModelChangeTests
{
    private const string Order = "cloud POST ";

    public static TheoryData<bool, int?> Changes => new() { { false, null }, { false, 40 }, { true, null }, { true, 40 } };

    private static OperationRequest Reimage => new() { Operation = MachineOperation.Reimage, Pool = FarmCase.Pool, AtOnce = int.MaxValue };

    [Theory]
    [MemberData(nameof(Changes))]
    public void Reimaged_machines_are_what_their_pool_says_since(bool image, int? joinsWithin)
    {
        using var farm = Changed(image, joinsWithin);
        var misfortune = new Misfortune();

        var ended = farm.Operate(Reimage, misfortune);

        Assert.Equal("agents_0 done, agents_1 done", Tell(ended));
        Assert.Empty(Wrong(farm));
        Assert.Equal(["/manualupgrade", "/reimage"], Orders(misfortune));
    }

    [Fact]
    public void Machines_that_are_what_their_pool_says_are_reimaged_alone()
    {
        using var farm = new FarmCase();
        var misfortune = new Misfortune();

        farm.Operate(Reimage, misfortune);

        Assert.Equal(["/reimage"], Orders(misfortune));
        Assert.Empty(Wrong(farm));
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public void An_upgrade_comes_to_its_end_where_only_the_model_has_changed(bool image, int? joinsWithin)
    {
        using var farm = Changed(image, joinsWithin);
        var request = PoolUpgrade.Request(farm.Release, new UpgradeRequest { Pool = FarmCase.Pool });

        var ended = farm.Operate(request);

        Assert.Equal(["done", "done"], ended.Result.Select(machine => machine.Outcome));
        Assert.Empty(Wrong(farm));
        Assert.Empty(farm.Operate(request).Result);
    }

    [Trait("Suite", "sim")]
    [Theory]
    [MemberData(nameof(Changes))]
    public void Killed_at_any_time_an_upgrade_is_finished_by_the_same_command(bool image, int? joinsWithin)
    {
        int took;
        using (var clean = Changed(image, joinsWithin))
        {
            took = clean.Operate(Upgrade(clean)).Seconds;
        }

        for (var after = took - 1; after > 0; after -= took / 14)
        {
            using var farm = Changed(image, joinsWithin);
            var misfortune = new Misfortune();

            farm.Operate(Upgrade(farm), misfortune, seconds =>
            {
                if (seconds >= after)
                {
                    misfortune.Process.Kill();
                }
            });
            farm.Pass(minutes: after % 3);
            var again = farm.Operate(Upgrade(farm));

            if (again.Failure is null && again.Result.Any(machine => machine.Why == "its node was deleted meanwhile"))
            {
                // It has just booted from its new disk.
                again = farm.Operate(Upgrade(farm));
            }

            Assert.True(again.Failure is null && again.Result.All(machine => machine.Outcome == "done"), $"killed after {after} s: {Tell(again)}");
            var wrong = Wrong(farm);
            Assert.True(wrong.Count == 0, $"killed after {after} s: {string.Join(", ", wrong)}");
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(40)]
    public void Work_that_waits_for_room_does_not_come_to_a_machine_between_its_upgrade_and_its_reimage(int? joinsWithin)
    {
        using var farm = Changed(image: true, joinsWithin);
        var misfortune = new Misfortune();
        var late = false;

        var ended = farm.Operate(Reimage, misfortune, _ =>
        {
            if (!late && Orders(misfortune).Count == 1)
            {
                late = true;
                farm.HandIn(Kinds.Job, Workloads.Job("late", 1, 1, new Needs { CpuMilli = 100, Selector = new("kubernetes.io/hostname", "agents000000") }, TimeSpan.FromMinutes(2)));
            }
        });
        farm.Pass(minutes: 30);

        Assert.True(late);
        Assert.Equal("agents_0 done, agents_1 done", Tell(ended));
        Assert.Equal("Succeeded", Assert.Single(farm.Pods, pod => pod.Metadata.Name.StartsWith("late", StringComparison.Ordinal)).Status?.Phase);
        Assert.Empty(Wrong(farm));
    }

    [Fact]
    public void A_machine_that_Azure_cannot_upgrade_is_told_of_in_its_words_and_not_reimaged_to_what_it_was()
    {
        using var farm = Changed(image: false, joinsWithin: null);
        farm.Cloud.Faults.Add(new Fault { Kind = FaultKind.FailOperation, On = CallKind.Upgrade, Pool = FarmCase.Pool, Instance = "0", Count = 1, Code = "VMExtensionProvisioningError", Message = "Not while it runs." });

        var ended = farm.Operate(Reimage);
        var held = farm.Held.ToList();
        var behind = farm.Behind.ToList();
        var again = farm.Operate(Reimage);

        Assert.Equal("agents_0 failed, agents_1 done", Tell(ended));
        Assert.Equal("Azure could not change it: VMExtensionProvisioningError: Not while it runs.", ended.Result[0].Why);
        Assert.Empty(held);
        Assert.Equal(["agents_0"], behind);
        Assert.Equal("agents_0 done, agents_1 done", Tell(again));
        Assert.Empty(Wrong(farm));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_machine_whose_limit_of_price_has_changed_stays_as_it_is_and_who_runs_it_is_told_how_to_replace_it(bool upgrade)
    {
        using var farm = new FarmCase();
        Price(farm);

        // One is made under the new limit, and only what it is told at its birth has changed since.
        farm.Cloud.DeleteInstances(World.Group, FarmCase.Pool, ["1"]);
        farm.Cloud.SetCapacity(World.Group, FarmCase.Pool, 2);
        farm.Until("another machine is there", () => farm.Nodes.Count(node => node.Metadata.Name == "agents000002" && node.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) is true) == 1);
        farm.Change();
        farm.Pass(minutes: 1);

        var ended = farm.Operate(upgrade ? Upgrade(farm) with { AtOnce = 2 } : Reimage);

        Assert.Equal(["agents_0 failed", "agents_2 done"], ended.Result.Select(machine => $"{machine.Machine} {machine.Outcome}").Order());
        Assert.EndsWith(
            "Its limit of price is not what its pool says now, and Azure changes that of no machine that stands on hardware: it was left as it is. Replace it: "
            + "'kubectl drain agents000000 --ignore-daemonsets --delete-emptydir-data', then 'az vmss delete-instances -g farm -n agents --instance-ids 0'; machines that are made from now on have the new limit.",
            ended.Result.Single(machine => machine.Outcome == "failed").Why,
            StringComparison.Ordinal);
        Assert.Empty(farm.Held);
        Assert.Equal(["agents_0"], farm.Behind);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_resized_machine_s_node_says_that_its_disk_is_the_one_before_until_that_is_made_anew(bool hasNoNodeYet)
    {
        using var farm = Changed(image: false, joinsWithin: null);
        if (hasNoNodeYet)
        {
            farm.Delete(Kinds.Node, "agents000000");
        }

        var resized = farm.Resize("Standard_D8s_v5", new OperationRequest { Operation = MachineOperation.Upgrade, Pool = FarmCase.Pool });
        var (old, marked) = (farm.Behind.ToList(), OldDisks(farm));
        farm.Operate(Upgrade(farm));

        Assert.Equal("agents_0 done, agents_1 done", Tell(resized));
        Assert.Equal(["agents_0", "agents_1"], old);
        Assert.Equal(["agents000000", "agents000001"], marked);
        Assert.Empty(OldDisks(farm));
        Assert.Empty(farm.Behind);
    }

    [Fact]
    public void A_resized_machine_whose_disk_is_on_its_host_has_a_new_one_and_owes_nothing()
    {
        using var farm = new FarmCase(localDisk: true);

        var resized = farm.Resize("Standard_D8s_v3", new OperationRequest { Operation = MachineOperation.Upgrade, Pool = FarmCase.Pool });

        Assert.Equal("agents_0 done, agents_1 done", Tell(resized));
        Assert.Empty(OldDisks(farm));
        Assert.Empty(Wrong(farm));
    }

    private static OperationRequest Upgrade(FarmCase farm) => PoolUpgrade.Request(farm.Release, new UpgradeRequest { Pool = FarmCase.Pool });

    private static FarmCase Changed(bool image, int? joinsWithin)
    {
        var farm = new FarmCase { JoinsWithin = joinsWithin is { } seconds ? TimeSpan.FromSeconds(seconds) : null };
        farm.Change(image);
        farm.Pass(minutes: 1);
        Assert.Equal(["agents_0", "agents_1"], farm.Behind);
        return farm;
    }

    /// <summary>Changes the limit of price, as 'ebb up' does.</summary>
    private static void Price(FarmCase farm) => Assert.True(farm.Cloud.CreateOrUpdateScaleSet(
        World.Group,
        FarmCase.Pool,
        new JsonObject { ["properties"] = new JsonObject { ["virtualMachineProfile"] = new JsonObject { ["billingProfile"] = new JsonObject { ["maxPrice"] = 0.05 } } } },
        patch: true).Ok);

    private static List<string> Orders(Misfortune misfortune) =>
        [.. misfortune.Writes.Where(write => write.StartsWith(Order, StringComparison.Ordinal)).Select(write => write[write.LastIndexOf('/')..])];

    private static List<string> OldDisks(FarmCase farm) =>
        [.. farm.Nodes.Where(node => node.Metadata.Annotations?.ContainsKey(Marks.Reimage) is true).Select(node => node.Metadata.Name).Order()];

    private static List<string> Wrong(FarmCase farm) =>
    [
        .. farm.Behind.Select(machine => $"{machine} is of the model before"),
        .. farm.Held.Select(node => $"{node} is still held"),
        .. farm.Interrupted.Select(lost => $"work was lost: {lost}"),
    ];

    private static string Tell(Ended<ImmutableArray<OperationOutcome>> ended) =>
        ended.Failure?.Message ?? (ended.Killed ? "killed" : string.Join(", ", ended.Result.Select(machine => $"{machine.Machine} {machine.Outcome}{(machine.Why is { } why && machine.Outcome == "left" ? $" ({why})" : "")}")));
}
