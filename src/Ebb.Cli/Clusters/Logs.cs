using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Ebb.Cli.Clusters;

/// <summary>Where programs log: standard error, a line for each entry.</summary>
internal static class Logs
{
    public static ILoggerFactory ToStandardError(LogLevel least) => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(least);
        logging.Services.AddSingleton(TimeProvider.System);
        logging.AddConsoleFormatter<LogLine, ConsoleFormatterOptions>();
        logging.AddConsole(options =>
        {
            options.FormatterName = LogLine.FormatterName;
            options.LogToStandardErrorThreshold = LogLevel.Trace;
        });
    });

    /// <summary>For a command that looks once: only with --verbose is there more to say than its error.</summary>
    public static ILoggerFactory ForLooking(bool verbose) => ToStandardError(verbose ? LogLevel.Debug : LogLevel.Error);
}
