using Microsoft.Extensions.Logging;

namespace Ebb.Agent;

/// <summary>Writes lines to standard error as the system's journal reads them: each begins with its priority.</summary>
internal sealed class JournalLog(TextWriter to) : ILogger
{
    private readonly Lock _lock = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        var priority = logLevel switch { LogLevel.Information => 6, LogLevel.Warning => 4, LogLevel.Error => 3, _ => 2 };
        var text = formatter(state, exception).ReplaceLineEndings(" ");
        lock (_lock)
        {
            to.WriteLine($"<{priority}>{text}{(exception is null ? "" : $" {exception.Message}")}");
        }
    }
}
