using Ebb.Acting;
using Ebb.Planning;
using Ebb.Simulation;
using Ebb.Tests.Planning;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Acting;

public class ExplainerTests
{
    private readonly VirtualTime _time = new();
    private readonly FakeCluster _cluster = new();
    private readonly Runner _runner;
    private readonly Snapshot _snapshot;
    private readonly Explainer _explainer;

    public ExplainerTests()
    {
        _runner = new Runner(_time);
        _explainer = new Explainer(_cluster, _time, NullLogger.Instance);
        var cluster = new Some().With(Some.Pool("agents"));
        for (var i = 0; i < 30; i++)
        {
            _cluster.Add(cluster.AddNode().Name);
        }

        _snapshot = cluster.Snapshot();
    }

    [Fact]
    public void Words_are_all_written_by_an_API_server_at_ease()
    {
        var left = Explain();

        Assert.Equal((false, 30), (left, _cluster.Calls.Count));
    }

    [Fact]
    public void Words_do_not_hold_up_decisions_behind_a_slow_API_server()
    {
        _cluster.Slow = () => Task.Delay(TimeSpan.FromMilliseconds(100), _time);
        var started = _time.GetUtcNow();

        var left = Explain();

        Assert.True(left);
        Assert.InRange((_time.GetUtcNow() - started).TotalSeconds, 0.1, 0.5);
    }

    private bool Explain() => _runner.Complete(
        () => _explainer.ExplainAsync(_snapshot, Planner.Plan(_snapshot, new Policy()), TestContext.Current.CancellationToken),
        TimeSpan.FromMinutes(1));
}
