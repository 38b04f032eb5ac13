using System.Threading.Channels;
using Ebb.Simulation;

namespace Ebb.Tests.Simulation;

public class RunnerTests
{
    private readonly VirtualTime _time = new();
    private readonly List<string> _seen = [];

    private DateTimeOffset Start { get; } = new VirtualTime().GetUtcNow();

    [Fact]
    public void Tasks_take_turns_by_the_clock()
    {
        var runner = new Runner(_time);
        runner.Start(() => CountAsync("a", TimeSpan.FromSeconds(2)));
        runner.Start(() => CountAsync("b", TimeSpan.FromSeconds(3)));

        runner.RunUntil(Start.AddSeconds(6));

        Assert.Equal(["a 2", "b 3", "a 4", "b 6", "a 6"], _seen);
        Assert.Equal(Start.AddSeconds(6), _time.GetUtcNow());
    }

    [Fact]
    public void Hours_of_channels_timeouts_and_cancellations_run_the_same_each_time()
    {
        string[] Once()
        {
            _seen.Clear();
            var time = new VirtualTime();
            var runner = new Runner(time);
            using var stop = new CancellationTokenSource(TimeSpan.FromHours(1), time);
            var channel = Channel.CreateBounded<int>(3);
            runner.Start(() => WriteAsync(channel.Writer, time, stop.Token));
            runner.Start(() => ReadAsync(channel.Reader, time, stop.Token));
            runner.RunUntil(time.GetUtcNow() + TimeSpan.FromHours(2));
            return [.. _seen];
        }

        var first = Once();
        var second = Once();

        Assert.Equal(first, second);
        Assert.True(first.Length > 300);
        Assert.Equal("writer stopped", first[^1]);
    }

    [Fact]
    public void A_result_is_waited_for_on_virtual_time()
    {
        var runner = new Runner(_time);

        var answer = runner.Complete(
            async () =>
            {
                await Task.Delay(TimeSpan.FromDays(1), _time, TestContext.Current.CancellationToken);
                return 42;
            },
            TimeSpan.FromDays(2));

        Assert.Equal(42, answer);
    }

    [Fact]
    public void What_never_ends_is_given_up()
    {
        var runner = new Runner(_time);

        Assert.Throws<TimeoutException>(() =>
        {
            runner.Complete(
            () => Task.Delay(TimeSpan.FromDays(3), _time, TestContext.Current.CancellationToken),
            TimeSpan.FromDays(2));
        });
    }

    [Fact]
    public void A_failed_task_ends_the_run()
    {
        var runner = new Runner(_time);
        runner.Start(async () =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1), _time, TestContext.Current.CancellationToken);
            throw new EbbException("broken");
        });

        var e = Assert.Throws<EbbException>(() => { runner.Run(TimeSpan.FromSeconds(2)); });

        Assert.Equal("broken", e.Message);
    }

    [Fact]
    public void Code_that_slips_to_the_thread_pool_is_noticed()
    {
        var runner = new Runner(_time);
        runner.Start(() =>
        {
            var elsewhere = new Thread(() => runner.Post(_ => { }, null));
            elsewhere.Start();
            elsewhere.Join();
            return Task.CompletedTask;
        });

        var e = Assert.Throws<InvalidOperationException>(() => { runner.Run(TimeSpan.FromSeconds(1)); });

        Assert.Contains("left the simulation's thread", e.Message, StringComparison.Ordinal);
    }

    private async Task CountAsync(string name, TimeSpan every)
    {
        while (true)
        {
            await Task.Delay(every, _time);
            _seen.Add($"{name} {(_time.GetUtcNow() - Start).TotalSeconds}");
        }
    }

    private async Task WriteAsync(ChannelWriter<int> writer, VirtualTime time, CancellationToken ct)
    {
        try
        {
            for (var i = 0; ; i++)
            {
                await Task.Delay(TimeSpan.FromSeconds(7), time, ct);
                await writer.WriteAsync(i, ct);
            }
        }
        catch (OperationCanceledException)
        {
            writer.Complete();
            _seen.Add("writer stopped");
        }
    }

    private async Task ReadAsync(ChannelReader<int> reader, VirtualTime time, CancellationToken ct)
    {
        try
        {
            while (true)
            {
                using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
                try
                {
                    _seen.Add($"{await reader.ReadAsync(either.Token)} at {time.GetUtcNow():mm:ss}");
                }
                catch (OperationCanceledException) when (!ct.IsCancellationRequested)
                {
                    _seen.Add($"nothing at {time.GetUtcNow():mm:ss}");
                }
            }
        }
        catch (OperationCanceledException)
        {
            _seen.Add("reader stopped");
        }
    }
}
