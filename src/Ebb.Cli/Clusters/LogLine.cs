using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Ebb.Cli.Clusters;

/// <summary>How an entry of a log reads, on a terminal and in a file: when, how bad, who, what.</summary>
internal sealed class LogLine(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "line";

    public static string Of(DateTimeOffset at, LogLevel level, string category, string message, Exception? e) =>
        $"{at:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {Word(level)} {category[(category.LastIndexOf('.') + 1)..]}: {message}{(e is null ? "" : $" {e}")}";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter) =>
        textWriter.WriteLine(Of(
            time.GetUtcNow(), logEntry.LogLevel, logEntry.Category, logEntry.Formatter(logEntry.State, logEntry.Exception), logEntry.Exception));

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Critical or LogLevel.Error => "error",
        LogLevel.Warning => "warn ",
        LogLevel.Information => "info ",
        _ => "debug",
    };
}
