using Ebb.Simulation;

namespace Ebb.Tests;

public class BackoffTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public void Waits_grow_up_to_the_maximum_and_start_over_after_a_success()
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), _time, new Random(1));

        var waits = Enumerable.Range(0, 40).Select(_ => Wait(backoff)).ToArray();
        backoff.Succeeded();
        var afterSuccess = Wait(backoff);

        Assert.InRange(waits[0], 0.5, 1);
        Assert.InRange(waits[1], 1, 2);
        Assert.InRange(waits[4], 8, 16);
        Assert.All(waits[5..], wait => Assert.InRange(wait, 15, 30));
        Assert.InRange(afterSuccess, 0.5, 1);
    }

    [Fact]
    public async Task A_wait_ends_with_its_token()
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), _time, new Random(1));
        using var stop = new CancellationTokenSource();
        var waiting = backoff.FailedAsync(stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private double Wait(Backoff backoff)
    {
        var start = _time.GetUtcNow();
        var waiting = backoff.FailedAsync(TestContext.Current.CancellationToken);
        _time.FireNext();
        Assert.True(waiting.IsCompletedSuccessfully);
        return (_time.GetUtcNow() - start).TotalSeconds;
    }
}
