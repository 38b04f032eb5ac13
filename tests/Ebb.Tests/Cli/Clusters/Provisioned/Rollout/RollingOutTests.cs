using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Acting;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Rollout;

/// <summary>A control plane of three becomes what is new, on virtual time, whatever becomes of any request of the command.</summary>
[Trait("Suite", "sim")]
public sealed class RollingOutTests
{
    private const string Three = CloudCase.Starter + "\ncontrolPlane:\n  machines: 3";

    private static readonly ImmutableArray<string> Machines = ["farm-control-plane-0", "farm-control-plane-1", "farm-control-plane-2"];

    public static TheoryData<string> Troubles => [.. FaultMatrixTests.OfWrites.Remove(FaultMatrixTests.OperationFails)];

    [Theory]
    [MemberData(nameof(Troubles))]
    public void The_same_command_finishes_and_never_two_machines_work_at_once(string trouble)
    {
        using var clean = new Lab();
        clean.Run();
        foreach (var call in FaultMatrixTests.Struck(clean.Cloud.Wire.Calls, trouble))
        {
            using var struck = new Lab();
            FaultMatrixTests.Strike(struck.Cloud.Wire, struck.Cloud.World, call, trouble);

            FaultMatrixTests.RunTwice(() => struck.Run(), trouble);

            Assert.True(struck.Machines.MostAtOnce == 1, $"{trouble} at {call}: {struck.Machines.MostAtOnce} machines worked at once");
            Assert.True(Machines.SequenceEqual(struck.Machines.Begun), $"{trouble} at {call}: {string.Join(", ", struck.Machines.Begun)}");
            struck.Cloud.Wire.Calls.Clear();
            struck.Run();
            Assert.True(!struck.Cloud.Wire.Writes.Any(), $"{trouble} at {call}: {string.Join(", ", struck.Cloud.Wire.Writes)}");
        }
    }

    [Fact]
    public void A_machine_that_fails_ends_it_and_the_next_run_tries_that_one_again()
    {
        using var lab = new Lab();
        lab.Machines.FailsUntilAttempt[Machines[1]] = 1;

        var e = Assert.Throws<IOException>(() => lab.Run());

        Assert.Contains("farm-control-plane-1 could not become what is wanted of it, and stays as it is: the disk is full.", e.Message, StringComparison.Ordinal);
        Assert.Equal(Machines[..2], lab.Machines.Begun);
        lab.Run();
        Assert.Equal([.. Machines[..2], .. Machines[1..]], lab.Machines.Begun);
    }

    [Fact]
    public void While_another_machine_is_not_ready_none_is_begun_unless_forced()
    {
        using var lab = new Lab();
        lab.Run();
        lab.Ready = [Machines[0], Machines[1]];

        var e = Assert.Throws<IOException>(() => lab.Run("g2"));

        Assert.Contains("farm-control-plane-2 is not ready", e.Message, StringComparison.Ordinal);
        Assert.Equal(3, lab.Machines.Begun.Count);
        lab.Run("g2", force: true);
        Assert.Equal(6, lab.Machines.Begun.Count);
    }

    [Fact]
    public void A_machine_that_never_answers_is_given_up_with_a_word_about_it()
    {
        using var lab = new Lab(follow: 2);

        var e = Assert.Throws<TimeoutException>(() => lab.Run());

        Assert.Contains("farm-control-plane-2 was not as wanted within 20 min: it has reported nothing yet", e.Message, StringComparison.Ordinal);
    }

    private sealed class Lab : IDisposable
    {
        private readonly ClusterPlan _plan;
        private readonly HttpMessageInvoker _aside;

        public Lab(int follow = 3)
        {
            Cloud.Up(Three);
            _plan = Cloud.Plan(Three);
            _aside = Cloud.Aside();
            Machines = new FollowingMachines(Cloud.Cloud, _aside, Cloud.Time, _plan.Names, RollingOutTests.Machines[..follow]);
            Cloud.Wire.Calls.Clear();
        }

        public CloudCase Cloud { get; } = new();

        public FollowingMachines Machines { get; }

        public ImmutableHashSet<string> Ready { get; set; } = [.. RollingOutTests.Machines];

        public void Run(string generation = "g1", bool force = false) => Cloud.Do(async () =>
        {
            using var stop = new CancellationTokenSource();
            var following = Machines.RunAsync(stop.Token);
            try
            {
                ShareFile[] files = [.. CloudCase.Files, ShareFile.OfBytes(SystemShare.Wanted, Orders(generation).ToBytes())];
                await new ClusterUp(Cloud.Cloud, Cloud.Time, new Random(1), Cloud.Told.Add).ApplyFilesAsync(_plan, files, CancellationToken.None);
                var share = await OrdersShare.RequireAsync(Cloud.Cloud, _plan.Names, Cloud.Time, new Random(1), CancellationToken.None);
                await new RollingOut(share, _ => Task.FromResult<IReadOnlySet<string>>(Ready), Cloud.Time, Cloud.Told.Add)
                    .RunAsync(generation, RollingOutTests.Machines, force, CancellationToken.None);
            }
            finally
            {
                stop.CancelHere();
                await following;
            }
        });

        public void Dispose()
        {
            _aside.Dispose();
            Cloud.Dispose();
        }

        private static ControlPlaneOrders Orders(string generation) => new()
        {
            Generation = generation,
            Configuration = new JsonObject { ["files"] = new JsonArray(), ["k3s"] = new JsonObject { ["release"] = "v1.34.5+k3s1" } },
            Texts = [],
            SshKeys = [],
            SshUser = "ops",
        };
    }
}
