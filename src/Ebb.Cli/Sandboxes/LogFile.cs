using Ebb.Cli.Clusters;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Sandboxes;

/// <summary>Logs to a file, a line for each entry, and keeps the file and the one before it within bounds.</summary>
internal sealed class LogFile(string path, TimeProvider time) : ILoggerProvider
{
    private const long MostBytes = 4 << 20;

    private readonly Lock _lock = new();
    private StreamWriter? _writer;
    private bool _broken;

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
        lock (_lock)
        {
            _writer?.Dispose();
            _writer = null;
            _broken = true;
        }
    }

    private void Write(LogLevel level, string category, string message, Exception? e)
    {
        lock (_lock)
        {
            if (_broken)
            {
                return;
            }

            try
            {
                _writer ??= new StreamWriter(path, append: true) { AutoFlush = true };
                _writer.WriteLine(LogLine.Of(time.GetUtcNow(), level, category, message, e));
                if (_writer.BaseStream.Length > MostBytes)
                {
                    _writer.Dispose();
                    _writer = null;
                    File.Move(path, path + ".1", overwrite: true);
                }
            }
            catch (IOException)
            {
                // A full disk must not end what is logged about; it may have room again later.
                _writer = null;
            }
        }
    }

    private sealed class Logger(LogFile file, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is not LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            file.Write(logLevel, category, formatter(state, exception), exception);
    }
}
