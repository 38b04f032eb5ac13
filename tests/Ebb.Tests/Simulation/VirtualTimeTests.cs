using Ebb.Sandbox;
using Ebb.Simulation;

namespace Ebb.Tests.Simulation;

public class VirtualTimeTests
{
    [Fact]
    public void Timers_fire_in_order_of_their_due_time()
    {
        var time = new VirtualTime();
        using var agenda = new Agenda(time);
        var seen = new List<(int What, double At)>();
        var start = time.GetUtcNow();
        void See(int what) => seen.Add((what, (time.GetUtcNow() - start).TotalSeconds));
        agenda.In(TimeSpan.FromSeconds(3), () => See(3));
        agenda.In(TimeSpan.FromSeconds(1), () =>
        {
            See(1);
            agenda.In(TimeSpan.FromSeconds(1), () => See(2));
        });
        agenda.In(TimeSpan.FromSeconds(2.5), () => See(99)).Cancel();

        time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal([(1, 1), (2, 2), (3, 3)], seen);
    }
}
