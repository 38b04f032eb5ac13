using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ebb.Acting;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Clusters.Provisioned.Upgrading;
using Ebb.Cli.Operating;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Clouds.Azure;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Tests.Cli.Clusters.Provisioned.Rollout;
using Ebb.Tests.Cli.Operating;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Upgrading;

/// <summary>
/// An upgrade in one run, a control plane of three and then a pool with work, struck at every request that changes something: the same
/// command finishes; no control-plane machine works beside another or twice, and no machine of the pool is touched before they are done.
/// </summary>
[Trait("Suite", "faults")]
public class WholeUpgradeTests
{
    private const string Old = "v1.33.3+k3s1";

    private const string New = "v1.34.5+k3s1";

    private static readonly ImmutableArray<string> ControlPlane = ["farm-control-plane-0", "farm-control-plane-1", "farm-control-plane-2"];

    public static TheoryData<string> Troubles => [.. Misfortune.OfCloud.Union(Misfortune.OfKubernetes)];

    [Theory]
    [MemberData(nameof(Troubles))]
    public void The_same_command_once_more_finishes_whatever_became_of_any_request(string trouble)
    {
        var clean = new Misfortune();
        using (var lab = new Lab())
        {
            Assert.Empty(lab.Wrong(lab.Upgrade(clean)));
        }

        List<string> wrong = [];
        var strikes = clean.Ends.Where(write => Misfortune.Of(write.Call).Contains(trouble)).ToList();
        foreach (var (call, at) in strikes)
        {
            using var lab = new Lab();
            lab.Upgrade(new Misfortune(at, trouble));

            wrong.AddRange(lab.Wrong(lab.Upgrade(new Misfortune())).Select(what => $"{trouble} at {call}: {what}"));
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.NotEmpty(strikes);
    }

    [Fact]
    public void Killed_between_control_plane_and_pools_it_goes_on_with_the_pools_alone()
    {
        using var lab = new Lab();
        var first = new Misfortune();

        lab.Upgrade(first, then: () =>
        {
            if (lab.Machines.Done.Count == 3)
            {
                first.Process.Kill();
            }
        });
        var second = new Misfortune();
        var again = lab.Upgrade(second);

        Assert.DoesNotContain(first.Writes, write => write.EndsWith("/reimage", StringComparison.Ordinal));
        Assert.DoesNotContain(second.Writes, write => write.Contains(SystemShare.Turn, StringComparison.Ordinal) || write.Contains(SystemShare.Wanted, StringComparison.Ordinal));
        Assert.Empty(lab.Wrong(again));
    }

    private sealed class Lab : IDisposable
    {
        private readonly FarmCase _farm = new(busy: 1) { Release = Old };
        private readonly CancellationTokenSource _stop = new();
        private readonly HttpMessageInvoker _aside;
        private readonly ClusterPlan _plan;
        private bool _early;

        public Lab()
        {
            _aside = new HttpMessageInvoker(_farm.Azure());
            var access = Access(_aside);
            _plan = _farm.Runner.Complete(
                () => new ClusterPlanner(CloudCase.File($"{CloudCase.Starter}\ncontrolPlane:\n  machines: 3"), access).PlanInPlaceAsync(CloudCase.Inputs, CancellationToken.None),
                TimeSpan.FromMinutes(5));
            _farm.Runner.Complete(
                () => new ClusterUp(access, _farm.Runner.Time, new Random(1), _ => { }).ApplyStorageAsync(_plan, CloudCase.Files, CancellationToken.None), TimeSpan.FromMinutes(30));
            Machines = new FollowingMachines(access, _aside, _farm.Runner.Time, _plan.Names, ControlPlane);
            _farm.Runner.Start(() => Machines.RunAsync(_stop.Token));
        }

        public FollowingMachines Machines { get; }

        public Ended<ImmutableArray<OperationOutcome>> Upgrade(Misfortune misfortune, Action? then = null) => _farm.Run(
            misfortune,
            _ =>
            {
                // What pools install is what their control plane runs.
                _farm.Release = Machines.Done.Count == ControlPlane.Length ? New : Old;
                _early |= Machines.Done.Count < ControlPlane.Length && misfortune.Writes.Exists(write => write.EndsWith("/reimage", StringComparison.Ordinal));
                then?.Invoke();
            },
            async reach =>
            {
                var access = Access(reach.Http);
                var orders = new ControlPlaneOrders
                {
                    Generation = "g2",
                    Configuration = new JsonObject { ["files"] = new JsonArray(), ["k3s"] = new JsonObject { ["release"] = New } },
                    Texts = [],
                    SshKeys = [],
                    SshUser = "ops",
                };
                await new ClusterUp(access, _farm.Runner.Time, new Random(1), _ => { })
                    .ApplyFilesAsync(_plan, [.. CloudCase.Files, ShareFile.OfBytes(SystemShare.Wanted, orders.ToBytes())], CancellationToken.None);
                var share = await OrdersShare.RequireAsync(access, _plan.Names, _farm.Runner.Time, new Random(1), CancellationToken.None);
                await new RollingOut(share, _ => Task.FromResult<IReadOnlySet<string>>(ControlPlane.ToHashSet()), _farm.Runner.Time, _ => { })
                    .RunAsync(orders.Generation, ControlPlane, force: false, CancellationToken.None);
                var request = PoolUpgrade.Request(New, new UpgradeRequest { Pool = FarmCase.Pool });
                return await _farm.WorkAsync(reach, request, OperationPlan.Make((await reach.LookAsync()).Snapshot, request), CancellationToken.None);
            });

        public IEnumerable<string> Wrong(Ended<ImmutableArray<OperationOutcome>> ended)
        {
            if (ended.Failure is { } failure)
            {
                yield return failure.Message;
                yield break;
            }

            foreach (var machine in ended.Result.Where(machine => machine.Outcome != "done"))
            {
                yield return $"{machine.Machine} is {machine.Outcome}: {machine.Why}";
            }

            foreach (var node in _farm.Nodes.Where(node => node.Metadata.Name.StartsWith(FarmCase.Pool, StringComparison.Ordinal) && node.Status?.NodeInfo?.KubeletVersion != New))
            {
                yield return $"{node.Metadata.Name} is of {node.Status?.NodeInfo?.KubeletVersion}";
            }

            if (_early)
            {
                yield return "a machine of the pool was touched before the control plane was done";
            }

            if (Machines.MostAtOnce != 1 || !Machines.Begun.SequenceEqual(ControlPlane))
            {
                yield return $"{Machines.MostAtOnce} at once; {string.Join(", ", Machines.Begun)}";
            }

            foreach (var what in _farm.Held.Select(node => $"{node} is still held").Concat(_farm.Interrupted))
            {
                yield return what;
            }
        }

        public void Dispose()
        {
            _stop.CancelHere();
            _stop.Dispose();
            _aside.Dispose();
            _farm.Dispose();
        }

        private CloudAccess Access(HttpMessageInvoker http) => CloudAccess.Over(
            new ArmConnection(
                new Uri("https://arm.sandbox/"), _farm.Cloud.Options.SubscriptionId, http, _ => ValueTask.FromResult(new AccessToken("t", DateTimeOffset.MaxValue)), _farm.Runner.Time, new Random(1)),
            http);
    }
}
