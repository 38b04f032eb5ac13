using Ebb.Acting;
using Ebb.Simulation;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Acting;

public sealed class LeaderElectionTests : IDisposable
{
    private readonly VirtualTime _time = new();
    private readonly Runner _runner;
    private readonly LeaseStore _store = new();
    private readonly List<string> _told = [];
    private readonly CancellationTokenSource _stopA = new();
    private readonly CancellationTokenSource _stopB = new();
    private readonly Dictionary<string, Leadership> _leaders = [];

    public LeaderElectionTests() => _runner = new Runner(_time);

    public void Dispose()
    {
        _stopA.Dispose();
        _stopB.Dispose();
    }

    [Fact]
    public void One_leads_and_keeps_leading_while_the_other_waits()
    {
        Start("a", _stopA.Token);
        Start("b", _stopB.Token);

        _runner.Run(TimeSpan.FromMinutes(10));

        Assert.Equal(["a leads 0"], _told);
        Assert.True(_leaders["a"].Holds);
        Assert.Equal("a", _store.Lease!.Spec.HolderIdentity);
    }

    [Fact]
    public void A_leader_that_stops_hands_over_at_once_and_only_after_its_work_has_ended()
    {
        Start("a", _stopA.Token, windDown: TimeSpan.FromSeconds(5));
        Start("b", _stopB.Token);
        _runner.Run(TimeSpan.FromSeconds(30));

        _stopA.Cancel();
        _runner.Run(TimeSpan.FromSeconds(4));
        var during = _store.Lease!.Spec.HolderIdentity;
        _runner.Run(TimeSpan.FromSeconds(5));

        Assert.Equal("a", during);
        Assert.Equal(["a leads 0", "a ends", "b leads 1"], _told);
        Assert.False(_leaders["a"].Holds);
    }

    [Fact]
    public void A_leader_cut_off_stops_before_the_other_may_begin()
    {
        Start("a", _stopA.Token);
        Start("b", _stopB.Token);
        _runner.Run(TimeSpan.FromSeconds(30));
        var cutAt = _time.GetUtcNow();

        _store.CutOff.Add("a");
        DateTimeOffset? endedAt = null, beganAt = null;
        for (var i = 0; i < 60; i++)
        {
            _runner.Run(TimeSpan.FromSeconds(1));
            endedAt ??= _leaders["a"].Holds ? null : _time.GetUtcNow();
            beganAt ??= _told.Contains("b leads 1") ? _time.GetUtcNow() : null;
        }

        Assert.Equal(["a leads 0", "a ends", "b leads 1"], _told);
        Assert.True(endedAt - cutAt <= LeaderElection.RenewDeadline);
        Assert.True(beganAt - endedAt >= TimeSpan.FromSeconds(3));
    }

    [Fact]
    public void Who_lost_leadership_campaigns_again_and_gets_a_later_term()
    {
        Start("a", _stopA.Token);
        Start("b", _stopB.Token);
        _runner.Run(TimeSpan.FromSeconds(30));
        _store.CutOff.Add("a");
        _runner.Run(TimeSpan.FromMinutes(1));
        _store.CutOff.Clear();

        _stopB.Cancel();
        _runner.Run(TimeSpan.FromSeconds(20));

        Assert.Equal(["a leads 0", "a ends", "b leads 1", "b ends", "a leads 2"], _told);
        Assert.True(_leaders["a"].Holds);
    }

    [Fact]
    public void A_crashed_leader_is_followed_when_its_lease_has_run_out_by_the_watchers_clock()
    {
        _store.Lease = new()
        {
            Metadata = new() { ResourceVersion = "1" },
            // By the holder's clock, which is far ahead.
            Spec = new() { HolderIdentity = "dead", LeaseDurationSeconds = 15, RenewTime = _time.GetUtcNow().AddHours(1), LeaseTransitions = 7 },
        };
        Start("a", _stopA.Token);

        _runner.Run(TimeSpan.FromSeconds(14));
        var early = _told.Count;
        _runner.Run(TimeSpan.FromSeconds(5));

        Assert.Equal(0, early);
        Assert.Equal(["a leads 8"], _told);
    }

    [Fact]
    public void A_lease_got_without_an_answer_is_taken_for_a_term_of_its_own()
    {
        _store.LoseNextAnswer = true;
        Start("a", _stopA.Token);

        _runner.Run(TimeSpan.FromSeconds(5));

        Assert.Equal(["a leads 1"], _told);
    }

    [Fact]
    public void A_lease_that_someone_took_by_force_is_noticed_at_the_next_renewal()
    {
        Start("a", _stopA.Token);
        _runner.Run(TimeSpan.FromSeconds(30));

        _store.Lease = _store.Lease! with { Spec = _store.Lease.Spec with { HolderIdentity = "x", LeaseTransitions = 5 } };
        _runner.Run(TimeSpan.FromSeconds(3));

        Assert.Equal(["a leads 0", "a ends"], _told);
        Assert.False(_leaders["a"].Holds);
    }

    [Fact]
    public void Work_that_ends_by_itself_gives_the_lease_back()
    {
        var election = new LeaderElection(_store.As("a"), "a", _time, new Random(1), NullLogger<LeaderElection>.Instance);

        _runner.Complete(() => election.RunAsync((_, _) => Task.CompletedTask, TestContext.Current.CancellationToken), TimeSpan.FromSeconds(5));

        Assert.Equal("", _store.Lease!.Spec.HolderIdentity);
    }

    [Fact]
    public void Work_that_fails_gives_the_lease_back_and_the_failure_on()
    {
        var election = new LeaderElection(_store.As("a"), "a", _time, new Random(1), NullLogger<LeaderElection>.Instance);

        Assert.Throws<InvalidTimeZoneException>(() => _runner.Complete(
            () => election.RunAsync((_, _) => throw new InvalidTimeZoneException(), TestContext.Current.CancellationToken), TimeSpan.FromSeconds(5)));

        Assert.Equal("", _store.Lease!.Spec.HolderIdentity);
    }

    private void Start(string name, CancellationToken stop, TimeSpan windDown = default)
    {
        var election = new LeaderElection(_store.As(name), name, _time, new Random(name[0]), NullLogger<LeaderElection>.Instance);
        _runner.Start(async () =>
        {
            try
            {
                await election.RunAsync((leadership, lost) => LeadAsync(name, leadership, windDown, lost), stop);
            }
            catch (OperationCanceledException)
            {
                // Stopped, as the test wanted.
            }
        });
    }

    private async Task LeadAsync(string name, Leadership leadership, TimeSpan windDown, CancellationToken lost)
    {
        _leaders[name] = leadership;
        _told.Add($"{name} leads {leadership.Term}");
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, lost);
        }
        finally
        {
            await Task.Delay(windDown, _time, CancellationToken.None);
            _told.Add($"{name} ends");
        }
    }
}
