using System.Collections.Immutable;
using System.ComponentModel;
using Ebb.Cli.ControlPlane.Components;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.ControlPlane.Supervising;

/// <summary>How components are run on this machine.</summary>
/// <param name="Prefix">Runs the rest of its command line in place of itself.</param>
/// <param name="Marks">Directory for what tells leftovers apart.</param>
internal sealed record Launching(Binaries Binaries, ImmutableArray<string> Prefix, Dial? Dial, string Marks, string Logs);

/// <summary>Keeps one component running: starts it, watches it, starts it again.</summary>
internal sealed partial class SupervisedComponent(
    ComponentSpec spec, Launching launching, TimeProvider time, Random random, ILogger<SupervisedComponent> logger)
{
    // A component that ends this often before it ever worked will not work: whoever waits for it is told why.
    private const int MostFailedStarts = 3;

    private static readonly TimeSpan LookFirst = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(3);

    // Past this a process that answers nothing at all hangs. One that answers, however badly, is at work on it.
    private static readonly TimeSpan HungAfter = TimeSpan.FromSeconds(90);

    // One that worked this long and then ends is started at once; sooner, it may be in a circle.
    private static readonly TimeSpan SteadyAfter = TimeSpan.FromSeconds(10);

    // An API server lets requests finish; etcd has everything on disk before it says so.
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(8);

    private readonly ComponentLog _log = new(Path.Combine(launching.Logs, $"{spec.Name}.log"));
    private readonly TaskCompletionSource _working = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(20), time, random);
    private volatile TaskCompletionSource<string> _restart = NewRestart();
    private volatile ComponentState _state = new()
    {
        Name = spec.Name,
        Version = spec.Version.ToString(),
        Condition = Condition.Stopped,
        Since = time.GetUtcNow(),
        Log = Path.Combine(launching.Logs, $"{spec.Name}.log"),
    };

    public event Action? Changed;

    public ComponentSpec Spec => spec;

    public ComponentState State => _state;

    /// <summary>Ends once it has worked for the first time, or has ended too often before that.</summary>
    public Task Working => _working.Task;

    /// <summary>Ends the process that runs now, so that another is started at once with the files as they are.</summary>
    public void Restart(string reason) => _restart.TrySetResult(reason);

    /// <summary>Until it is cancelled; then it has stopped.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                string problem;
                try
                {
                    problem = await RunOnceAsync(ct);
                }
                catch (Exception e) when (e is EbbException or IOException or Win32Exception)
                {
                    // No program, or no room for its log: whoever waits for the first start is told; later it may be mended.
                    problem = e.Message;
                    _working.TrySetException(e);
                }

                var count = _state.Restarts + 1;
                Become(_state with { Condition = Condition.Down, ProcessId = null, LastError = problem });
                LogEnded(spec.Name, problem);
                if (!_working.Task.IsCompleted && count >= MostFailedStarts)
                {
                    _working.TrySetException(new IOException($"{spec.Name} cannot start: {problem}. Its log is {_log.Path}."));
                }

                await _backoff.FailedAsync(ct);
                Become(_state with { Restarts = count });
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            _working.TrySetCanceled(ct);
            Become(_state with { Condition = Condition.Stopped, ProcessId = null });
        }
    }

    /// <summary>One process from start to end.</summary>
    /// <returns>Why it ended.</returns>
    private async Task<string> RunOnceAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (spec.Files.FirstOrDefault(file => !File.Exists(file)) is { } missing)
        {
            return $"it needs {missing}, which is not there";
        }

        _log.Rotate();
        var from = _log.Length;
        _restart = NewRestart();
        using var process = ComponentProcess.Start(
            spec, launching.Binaries.Of(spec.Binary), launching.Prefix, launching.Marks, _log.Path);
        Become(_state with { Condition = Condition.Starting, ProcessId = process.Id });
        LogStarted(spec.Name, process.Id);
        try
        {
            var exit = process.WaitForExitAsync(ct);
            var toEnd = await WatchAsync(exit, _restart.Task, ct);
            if (toEnd is not null)
            {
                await process.StopAsync(StopPatience, time);
                return toEnd;
            }

            await exit;
            return How(process.ExitCode, _log.Tail(from));
        }
        finally
        {
            await process.StopAsync(StopPatience, time);
        }
    }

    /// <summary>Asks how it is until it ends.</summary>
    /// <returns>Null when it ended; else why it has to be ended.</returns>
    private async Task<string?> WatchAsync(Task exit, Task<string> restart, CancellationToken ct)
    {
        using var check = new HealthCheck(spec.Health, launching.Dial, time);
        var pause = LookFirst;
        var answered = time.GetTimestamp();
        long? worksSince = null;
        while (!exit.IsCompleted)
        {
            var finding = await check.AskAsync(ct);
            if (exit.IsCompleted)
            {
                break;
            }

            if (finding.Answered)
            {
                answered = time.GetTimestamp();
            }
            else if (time.GetElapsedTime(answered) > HungAfter)
            {
                return $"it hangs: {finding.Problem}";
            }

            if (finding.Problem is null)
            {
                worksSince ??= time.GetTimestamp();
                pause = LookEvery;
                Works(time.GetElapsedTime(worksSince.Value));
            }
            else if (worksSince is not null)
            {
                worksSince = null;
                pause = LookFirst * 10;
                LogUnhealthy(spec.Name, finding.Problem);
                Become(_state with { Condition = Condition.Unhealthy, LastError = finding.Problem });
            }

            await Task.WhenAny(exit, restart, Task.Delay(pause, time, ct));
            ct.ThrowIfCancellationRequested();
            if (restart.IsCompleted)
            {
                return await restart;
            }

            _log.Rotate();
        }

        return null;
    }

    private void Works(TimeSpan since)
    {
        if (since >= SteadyAfter)
        {
            _backoff.Succeeded();
        }

        if (_state.Condition is not Condition.Healthy)
        {
            LogWorks(spec.Name);
            Become(_state with { Condition = Condition.Healthy });
        }

        _working.TrySetResult();
    }

    private void Become(ComponentState next)
    {
        var condition = _state.Condition;
        _state = next.Condition == condition ? next : next with { Since = time.GetUtcNow() };
        Changed?.Invoke();
    }

    private static TaskCompletionSource<string> NewRestart() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static string How(int code, IReadOnlyList<string> printed)
    {
        // How the system tells of a signal, of which the process knows nothing; Go's programs end with 255 when they give up.
        if (code is > 128 and < 160)
        {
            return $"it was ended by signal {code - 128}";
        }

        return $"it ended with exit code {code}{(LastWords.Of(printed) is { } words ? $", saying: {words.TrimEnd('.')}" : "")}";
    }

    [LoggerMessage(LogLevel.Information, "{Component} started as process {ProcessId}")]
    private partial void LogStarted(string component, int processId);

    [LoggerMessage(LogLevel.Information, "{Component} works")]
    private partial void LogWorks(string component);

    [LoggerMessage(LogLevel.Warning, "{Component} does not work as it should: {Problem}")]
    private partial void LogUnhealthy(string component, string problem);

    [LoggerMessage(LogLevel.Warning, "{Component} is down and will be started again: {Problem}")]
    private partial void LogEnded(string component, string problem);
}
