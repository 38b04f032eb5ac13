using System.Collections.Immutable;
using Ebb.Cli.ControlPlane.Components;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.ControlPlane.Supervising;

/// <summary>Starts components stage by stage, keeps them running, and stops them the other way round.</summary>
internal sealed class Supervisor : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    private readonly TimeProvider _time;
    private readonly ImmutableArray<SupervisedComponent> _components;
    private readonly Stack<Running> _running = [];

    public Supervisor(IEnumerable<ComponentSpec> specs, Launching launching, TimeProvider time, Random random, ILoggerFactory loggers)
    {
        _time = time;
        _components =
        [
            .. specs.Select(spec => new SupervisedComponent(spec, launching, time, random, loggers.CreateLogger<SupervisedComponent>())),
        ];
        foreach (var component in _components)
        {
            component.Changed += () => Changed?.Invoke();
        }
    }

    /// <summary>A component came into another condition. Raised on any thread.</summary>
    public event Action? Changed;

    public ImmutableArray<ComponentState> States => [.. _components.Select(component => component.State)];

    /// <summary>Starts those of one stage and waits until they work.</summary>
    /// <exception cref="IOException">One ended again and again; says why.</exception>
    /// <exception cref="TimeoutException">One did not work in time.</exception>
    public async Task StartAsync(StartStage stage, TimeSpan within, CancellationToken ct)
    {
        var stop = new CancellationTokenSource();
        var members = _components.Where(component => component.Spec.Stage == stage).ToImmutableArray();
        _running.Push(new Running(stop, Task.WhenAll(members.Select(member => member.RunAsync(stop.Token)))));
        try
        {
            await FirstFailureOrAllAsync(members).WaitAsync(within, _time, ct);
        }
        catch (TimeoutException)
        {
            var late = members.First(member => !member.Working.IsCompletedSuccessfully).State;
            throw new TimeoutException(
                $"{late.Name} did not work within {within.TotalSeconds:0} s{(late.LastError is { } error ? $": {error}" : "")}. Its log is {late.Log}.");
        }
    }

    /// <summary>Restarts one and waits until it works again.</summary>
    /// <exception cref="TimeoutException">It did not in time; it is still being started again and again.</exception>
    public async Task RestartAsync(string name, string reason, TimeSpan within, CancellationToken ct)
    {
        var component = _components.Single(c => c.Spec.Name == name);
        var before = component.State.Restarts;
        component.Restart(reason);
        var asked = _time.GetTimestamp();
        while (component.State is not { Condition: Condition.Healthy } now || now.Restarts == before)
        {
            if (_time.GetElapsedTime(asked) > within)
            {
                throw new TimeoutException(
                    $"{name} did not work again within {within.TotalSeconds:0} s{(component.State.LastError is { } error ? $": {error}" : "")}.");
            }

            await Task.Delay(LookEvery, _time, ct);
        }
    }

    /// <summary>Stops all, the last stage first.</summary>
    public async Task StopAsync()
    {
        while (_running.TryPop(out var running))
        {
            await running.Stop.CancelAsync();
            await running.Ended;
            running.Stop.Dispose();
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private static async Task FirstFailureOrAllAsync(ImmutableArray<SupervisedComponent> members)
    {
        await foreach (var done in Task.WhenEach(members.Select(member => member.Working)))
        {
            await done;
        }
    }

    private sealed record Running(CancellationTokenSource Stop, Task Ended);
}
