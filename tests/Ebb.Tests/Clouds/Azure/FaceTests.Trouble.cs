using Ebb.Clouds;
using Ebb.Pools;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Clouds.Azure;

public sealed partial class FaceTests
{
    [Fact]
    public void Quota_leaves_room_for_fewer()
    {
        Start(Lab.Spec(2), new CloudOptions { Quotas = new CloudOptions().Quotas.Add("cores", 9) });

        Assert.Equal(new GrowResult.Growing(4, 2), Grow(10));
        Assert.Equal(GrowRefusal.Quota, Assert.IsType<GrowResult.Refused>(Grow(1)).Failure.Refusal);
    }

    [Theory]
    [InlineData(Shortage.Allocation, "AllocationFailed")]
    [InlineData(Shortage.Overconstrained, "OverconstrainedAllocationRequest")]
    public void A_shortage_is_reported_soon_after_the_operation_ended(Shortage shortage, string code)
    {
        Start(Lab.Spec(2), new CloudOptions { Availability = [new Availability { Machines = 3, Answer = shortage }] });

        Assert.IsType<GrowResult.Growing>(Grow(4));
        _runner!.Complete(() => _cloud!.ChangedAsync(CancellationToken.None), TimeSpan.FromMinutes(3));

        var failure = Assert.Single(Pool().Failures);
        Assert.Equal((GrowRefusal.NoCapacity, code), (failure.Refusal, failure.Code));
    }

    [Fact]
    public void No_spot_machines_to_spare_is_a_lack_of_capacity()
    {
        Start(
            Lab.Spec() with { Priority = Ebb.Sandbox.Cloud.Priority.Spot },
            new CloudOptions { Availability = [new Availability { Machines = 0, Answer = Shortage.SkuNotAvailable }] });

        Assert.Equal((GrowRefusal.NoCapacity, "SkuNotAvailable"), Told(Assert.IsType<GrowResult.Refused>(Grow(1)).Failure));
    }

    [Fact]
    public void A_growth_that_was_done_without_an_answer_is_found()
    {
        Start(Lab.Spec(2));
        World.Faults.Add(new Fault { Kind = FaultKind.TimeoutDone, On = CallKind.PatchScaleSet, Count = 1 });

        Assert.Equal(new GrowResult.Growing(5, 3), Grow(3));

        Pass(minutes: 2);
        Assert.Equal((5, 5), (Pool().Capacity, Pool().Machines.Length));
        Assert.Equal(1, Requests(CallKind.PatchScaleSet));
    }

    [Fact]
    public void A_growth_that_was_not_done_is_not_done_twice_either()
    {
        Start(Lab.Spec(2));
        World.Faults.Add(new Fault { Kind = FaultKind.TimeoutNotDone, On = CallKind.PatchScaleSet, Count = 1 });

        Assert.IsType<GrowResult.Unknown>(Grow(3));
        Assert.Equal(2, Pool().Capacity);

        Assert.Equal(new GrowResult.Growing(5, 3), Grow(3));
    }

    [Fact]
    public void A_removal_without_an_answer_is_found_by_reading()
    {
        Start(Lab.Spec(3));
        World.Faults.Add(new Fault { Kind = FaultKind.TimeoutDone, On = CallKind.DeleteInstances, Count = 1 });

        Assert.Equal(new RemoveResult.Removing(1), Remove("2"));
        Pass(minutes: 2);
        Assert.Equal(["0", "1"], Pool().Machines.Select(m => m.Id));
    }

    [Theory]
    [InlineData(FaultKind.Throttle)]
    [InlineData(FaultKind.PartialPage)]
    public void A_list_that_is_not_whole_makes_a_view_that_is_not(FaultKind kind)
    {
        Start(Lab.Spec(3));
        Read();
        World.Faults.Add(new Fault { Kind = kind, On = CallKind.ListInstances });

        var view = Read(Lab.Set);

        Assert.False(view.Complete);
        Assert.Equal(3, view.Pools[0].Machines.Length);
        World.Faults.Clear();
        Pass(minutes: 1);
        Assert.True(Read().Complete);
    }

    [Fact]
    public void A_stale_list_after_our_own_write_is_seen_through()
    {
        Start(Lab.Spec(3));
        Grow(2);
        World.Faults.Add(new Fault { Kind = FaultKind.StaleList, On = CallKind.ListScaleSets, Count = 1, Span = TimeSpan.FromMinutes(1) });

        Assert.False(Read().Complete);
        Assert.Equal(5, Pool().Capacity);
    }

    [Fact]
    public void An_eviction_shows_as_a_machine_that_went()
    {
        Start(Lab.Spec(2) with { Priority = Ebb.Sandbox.Cloud.Priority.Spot, EvictionPolicy = EvictionPolicy.Delete });
        Read();

        World.SimulateEviction(Lab.Group, Lab.Set, "0");
        Pass(minutes: 5);
        Read();

        Assert.Equal(["1"], Pool().Machines.Select(m => m.Id));
    }

    [Fact]
    public void Whatever_the_cloud_does_a_grow_adds_at_most_what_was_asked_and_a_removal_takes_only_what_was_named()
    {
        FaultKind[] kinds = [FaultKind.Error, FaultKind.Delay, FaultKind.TimeoutDone, FaultKind.TimeoutNotDone, FaultKind.Throttle, FaultKind.StaleList, FaultKind.PartialPage, FaultKind.FailOperation];
        for (var seed = 1; seed <= 40; seed++)
        {
            var random = new Random(seed);
            Start(Lab.Spec(5), new CloudOptions { Seed = seed });
            foreach (var kind in kinds)
            {
                World.Faults.Add(new Fault { Kind = kind, Probability = random.NextDouble() / 4, Span = TimeSpan.FromSeconds(random.Next(1, 90)) });
            }

            for (var step = 0; step < 12; step++)
            {
                try
                {
                    Step(seed, random);
                }
                catch (CloudException)
                {
                    // An error that is told is fine: the state is checked within the step whatever comes of it.
                }

                Pass(minutes: random.NextDouble());
            }
        }
    }

    private void Step(int seed, Random random)
    {
        var view = Read(Lab.Set);
        var pool = Assert.Single(view.Pools);
        var before = _lab.Current.Capacity;
        var ids = _lab.Ids;
        var by = random.Next(1, 6);
        Machine[] named = [.. pool.Machines.Where(_ => random.Next(3) == 0)];
        var grows = random.Next(2) == 0;
        try
        {
            if (grows)
            {
                _runner!.Complete(() => _cloud!.GrowAsync(pool, by, CancellationToken.None), TimeSpan.FromMinutes(30));
            }
            else
            {
                _runner!.Complete(() => _cloud!.RemoveAsync(pool, named, CancellationToken.None), TimeSpan.FromMinutes(30));
            }
        }
        finally
        {
            var after = _lab.Current.Capacity;
            Assert.True(
                grows ? after >= before && after <= before + by : after <= before && after >= before - named.Length,
                $"Seed {seed}: {(grows ? $"a grow by {by}" : $"a removal of {named.Length}")} took the capacity from {before} to {after}.");
            var lost = grows ? ids.Except(_lab.Ids) : ids.Except(_lab.Ids).Except(named.Select(m => m.Id));
            Assert.True(!lost.Any(), $"Seed {seed}: lost {string.Join(", ", lost)}.");
        }
    }
}
