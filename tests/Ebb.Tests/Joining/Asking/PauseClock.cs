using System.Threading.Channels;
using Ebb.Simulation;
using Microsoft.Extensions.Logging;

namespace Ebb.Tests.Joining.Asking;

/// <summary>A clock for a client that talks to a real server: it stands still, but for the pauses between attempts, which pass at once and are noted.</summary>
internal sealed class PauseClock : ILogger, IAsyncDisposable
{
    private readonly Channel<double> _pauses = Channel.CreateUnbounded<double>();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public PauseClock() => _running = Task.Run(RunAsync);

    public VirtualTime Time { get; } = new();

    /// <summary>In seconds.</summary>
    public List<double> Pauses { get; } = [];

    public List<string> Lines { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (Lines)
        {
            Lines.Add(formatter(state, exception));
        }

        if (eventId.Name == "LogAgain" && state is IReadOnlyList<KeyValuePair<string, object?>> values)
        {
            _pauses.Writer.TryWrite((double)values.Single(value => value.Key == "Seconds").Value!);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await foreach (var pause in _pauses.Reader.ReadAllAsync(_stop.Token))
            {
                Pauses.Add(pause);

                // It is told of a moment before it begins.
                while (Time.NextDue() is null)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, _stop.Token);
                }

                Time.FireNext();
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
