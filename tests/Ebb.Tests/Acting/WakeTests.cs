using Ebb.Acting;
using Ebb.Simulation;

namespace Ebb.Tests.Acting;

public class WakeTests
{
    private readonly VirtualTime _time = new();
    private readonly Runner _runner;
    private readonly Wake _wake;

    public WakeTests()
    {
        _runner = new Runner(_time);
        _wake = new Wake(_time);
    }

    [Fact]
    public void A_wake_ends_the_wait()
    {
        _runner.Start(() => LaterAsync(TimeSpan.FromSeconds(3)));

        var woken = Wait(TimeSpan.FromSeconds(10));

        Assert.Equal((true, 3), woken);
    }

    [Fact]
    public void A_wait_without_a_wake_ends_by_the_clock()
    {
        var woken = Wait(TimeSpan.FromSeconds(10));

        Assert.Equal((false, 10), woken);
    }

    [Fact]
    public void Wakes_that_come_early_count_once()
    {
        _wake.Set();
        _wake.Set();

        Assert.Equal((true, 0), Wait(TimeSpan.FromSeconds(5)));
        Assert.Equal((false, 5), Wait(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void A_cancelled_wait_throws()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(2), _time);

        Assert.Throws<OperationCanceledException>(() =>
        {
            _runner.Complete(() => _wake.WaitAsync(TimeSpan.FromSeconds(9), stop.Token), TimeSpan.FromMinutes(1));
        });
    }

    private (bool Woken, double Seconds) Wait(TimeSpan atMost)
    {
        var from = _time.GetUtcNow();
        var woken = _runner.Complete(
            () => _wake.WaitAsync(atMost, TestContext.Current.CancellationToken),
            TimeSpan.FromMinutes(1));
        return (woken, (_time.GetUtcNow() - from).TotalSeconds);
    }

    private async Task LaterAsync(TimeSpan after)
    {
        await Task.Delay(after, _time);
        _wake.Set();
    }
}
