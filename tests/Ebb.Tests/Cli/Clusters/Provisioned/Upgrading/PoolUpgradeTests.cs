using Ebb.Cli.Clusters.Provisioned.Upgrading;
using Ebb.Cli.Operating;
using Ebb.Tests.Cli.Operating;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Upgrading;

/// <summary>
/// Pools on their way to another release, with work on all of their machines: every request that changes something, struck by every
/// kind of trouble, ends in a state from which the same command finishes; no pod of a Job is ever interrupted.
/// </summary>
[Trait("Suite", "sim")]
public class PoolUpgradeTests
{
    private const string New = "v1.34.5+k3s1";

    public static TheoryData<string> Troubles => [.. Misfortune.OfCloud.Union(Misfortune.OfKubernetes)];

    [Theory]
    [MemberData(nameof(Troubles))]
    public void The_same_command_once_more_finishes_whatever_became_of_any_request(string trouble)
    {
        var clean = new Misfortune();
        using (var farm = Upgraded())
        {
            Assert.All(farm.Operate(Request, clean).Result, machine => Assert.Equal("done", machine.Outcome));
            Assert.Empty(Wrong(farm));
        }

        List<string> wrong = [];
        var strikes = clean.Ends.Where(write => Misfortune.Of(write.Call).Contains(trouble)).ToList();
        foreach (var (call, at) in strikes)
        {
            using var farm = Upgraded();
            farm.Operate(Request, new Misfortune(at, trouble));
            var again = farm.Operate(Request);

            wrong.AddRange(Wrong(farm).Concat(again.Failure is { } failure ? [failure.Message] : []).Select(what => $"{trouble} at {call}: {what}"));
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.NotEmpty(strikes);
    }

    [Fact]
    public void Idle_machines_come_first_and_one_that_stays_busy_is_left_for_the_next_run()
    {
        using var farm = Upgraded(machines: 2, busy: 1);
        var busy = farm.Pods.First(pod => pod.Metadata.Name.StartsWith("frames", StringComparison.Ordinal)).Spec.NodeName;

        var first = farm.Operate(Request with { DrainWithin = TimeSpan.FromSeconds(5) });

        Assert.Equal(["done", "left"], first.Result.Select(machine => machine.Outcome));
        Assert.Equal(busy, first.Result[1].Node);
        var second = farm.Operate(Request);
        Assert.Equal([busy], second.Result.Select(machine => machine.Node));
        Assert.Empty(Wrong(farm));
    }

    [Theory]
    [InlineData(FarmCase.Pool, "agents000000 agents000001")]
    [InlineData("others", "others000000")]
    [InlineData(null, "agents000000 agents000001 others000000")]
    public void Of_the_pools_only_the_one_that_is_named_or_else_all(string? pool, string upgraded)
    {
        using var farm = Upgraded();

        farm.Operate(PoolUpgrade.Request(New, new UpgradeRequest { Pool = pool }));

        Assert.Equal(upgraded.Split(' '), farm.Nodes.Where(node => node.Status?.NodeInfo?.KubeletVersion == New).Select(node => node.Metadata.Name).Order());
        var unknown = Assert.Throws<EbbException>(() => OperationPlan.Make(new Ebb.Tests.Planning.Some().Snapshot(), PoolUpgrade.Request(New, new UpgradeRequest { Pool = "nobody" })));
        Assert.StartsWith("There is no pool 'nobody'", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Machines_that_are_at_the_release_are_not_touched()
    {
        using var farm = new FarmCase();

        Assert.Empty(farm.Operate(PoolUpgrade.Request(farm.Release, new UpgradeRequest { Pool = FarmCase.Pool })).Result);
        Assert.Equal(2, farm.NotAnew.Count());
    }

    private static OperationRequest Request => PoolUpgrade.Request(New, new UpgradeRequest { Pool = FarmCase.Pool });

    /// <summary>The control plane has the new release already: machines install it when their disks are new.</summary>
    private static FarmCase Upgraded(int machines = 2, int? busy = null) => new(machines, busy: busy) { Release = New };

    private static IEnumerable<string> Wrong(FarmCase farm)
    {
        foreach (var node in farm.Nodes.Where(node => node.Metadata.Name.StartsWith(FarmCase.Pool, StringComparison.Ordinal) && node.Status?.NodeInfo?.KubeletVersion != New))
        {
            yield return $"{node.Metadata.Name} is of {node.Status?.NodeInfo?.KubeletVersion}";
        }

        foreach (var held in farm.Held)
        {
            yield return $"{held} is still held";
        }

        foreach (var lost in farm.Interrupted)
        {
            yield return $"work was lost: {lost}";
        }

        // Each pod of the Job ran once: there are no more of them than it has work.
        farm.Pass(minutes: 10);
        foreach (var pod in farm.Pods.Where(pod => pod.Metadata.Name.StartsWith("frames", StringComparison.Ordinal) && pod.Status?.Phase != "Succeeded"))
        {
            yield return $"{pod.Metadata.Name} is {pod.Status?.Phase}";
        }
    }
}
