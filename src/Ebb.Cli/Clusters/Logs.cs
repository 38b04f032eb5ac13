using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Clusters;

/// <summary>Where programs log: standard error, a line for each entry.</summary>
internal static class Logs
{
    public static ILoggerFactory ToStandardError(LogLevel least) => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(least);
        logging.AddSimpleConsole(options =>
        {
            options.SingleLine = true;
            options.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            options.UseUtcTimestamp = true;
        });
        logging.AddConsole(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
    });

    /// <summary>For a command that looks once: only with --verbose is there more to say than its error.</summary>
    public static ILoggerFactory ForLooking(bool verbose) => ToStandardError(verbose ? LogLevel.Debug : LogLevel.Error);
}
