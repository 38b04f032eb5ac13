using System.Diagnostics;
using System.Text;

namespace Ebb.Agent;

/// <summary>A program to run, with what is added to its environment.</summary>
internal sealed record Command(string Program, IReadOnlyList<string> Arguments)
{
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>How long it may take. Default 1 min.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromMinutes(1);

    public override string ToString() => $"{Program} {string.Join(' ', Arguments)}";
}

/// <param name="Output">The end of what it printed, of both streams.</param>
internal sealed record CommandResult(int ExitCode, string Output);

/// <summary>Runs a program to its end. The one way out of the agent to other programs.</summary>
internal delegate Task<CommandResult> RunCommand(Command command, CancellationToken ct);

/// <summary>The machine that the agent looks after: its files and its programs.</summary>
/// <param name="root">Where its root directory is: <c>/</c>, but for tests.</param>
internal sealed class Machine(string root, RunCommand run)
{
    public const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    public const UnixFileMode Readable = Secret | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    public const UnixFileMode Executable = Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    public string PathOf(string path) => Path.Join(root, path);

    public bool Has(string path) => File.Exists(PathOf(path));

    public string? Read(string path) => Has(path) ? File.ReadAllText(PathOf(path)) : null;

    /// <summary>The files of a directory in order, as the machine names them; none where it is missing.</summary>
    public IEnumerable<string> List(string directory) =>
        Directory.Exists(PathOf(directory))
            ? Directory.GetFiles(PathOf(directory)).Order(StringComparer.Ordinal).Select(file => $"{directory}/{Path.GetFileName(file)}")
            : [];

    public void CreateDirectory(string path) => Directory.CreateDirectory(PathOf(path));

    /// <summary>Writes a file whole or not at all; it has its mode from the first byte.</summary>
    /// <returns>Whether that changed it.</returns>
    public bool Write(string path, string content, UnixFileMode mode)
    {
        var target = PathOf(path);
        if (Has(path) && File.GetUnixFileMode(target) == mode && File.ReadAllText(target) == content)
        {
            return false;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var draft = target + ".ebb";
        File.Delete(draft);
        using (var stream = new FileStream(draft, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
        {
            stream.Write(Encoding.UTF8.GetBytes(content));
            stream.Flush(flushToDisk: true);
        }

        // A narrow umask must not keep out whom the file is for.
        File.SetUnixFileMode(draft, mode);
        File.Move(draft, target, overwrite: true);
        return true;
    }

    public void Copy(string from, string to, UnixFileMode mode)
    {
        var target = PathOf(to);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Copy(PathOf(from), target + ".ebb", overwrite: true);
        File.SetUnixFileMode(target + ".ebb", mode);
        File.Move(target + ".ebb", target, overwrite: true);
    }

    public void Delete(string path) => File.Delete(PathOf(path));

    /// <exception cref="CommandException">It ended with another code than 0.</exception>
    public async Task<string> RunAsync(Command command, CancellationToken ct)
    {
        var result = await run(command, ct);
        return result.ExitCode == 0 ? result.Output : throw new CommandException(command, result);
    }

    /// <summary>Runs what may fail.</summary>
    public Task<CommandResult> TryAsync(Command command, CancellationToken ct) => run(command, ct);

    public Task<string> RunAsync(string program, CancellationToken ct, params IReadOnlyList<string> arguments) =>
        RunAsync(new Command(program, arguments), ct);
}

/// <summary>A program of the machine did not do what it was to do.</summary>
internal sealed class CommandException(Command command, CommandResult result)
    : Exception($"'{command}' ended with {result.ExitCode}: {result.Output.Trim()}")
{
    public int ExitCode { get; } = result.ExitCode;
}

/// <summary>Programs as processes.</summary>
internal static class Processes
{
    private const int MostOutput = 8 << 10;

    // What a shell says of a program that is not there.
    private const int NotFound = 127;

    public static RunCommand With(TimeProvider time) => (command, ct) => RunAsync(command, time, ct);

    private static async Task<CommandResult> RunAsync(Command command, TimeProvider time, CancellationToken ct)
    {
        var start = new ProcessStartInfo(command.Program, command.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in command.Environment)
        {
            start.Environment[name] = value;
        }

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return new CommandResult(NotFound, e.Message);
        }

        using (process)
        {
            process.StandardInput.Close();
            using var deadline = new CancellationTokenSource(command.Within, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
            var output = new Tail(MostOutput);
            var reading = Task.WhenAll(output.FollowAsync(process.StandardOutput, either.Token), output.FollowAsync(process.StandardError, either.Token));
            try
            {
                await process.WaitForExitAsync(either.Token);
                await reading;
                return new CommandResult(process.ExitCode, output.ToString());
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                ct.ThrowIfCancellationRequested();
                return new CommandResult(NotFound + 1, $"It had not ended after {command.Within.TotalSeconds:0} s. {output}");
            }
        }
    }

    /// <summary>The end of what is printed, however much that is.</summary>
    private sealed class Tail(int most)
    {
        private readonly Lock _lock = new();
        private readonly StringBuilder _text = new();

        public async Task FollowAsync(StreamReader from, CancellationToken ct)
        {
            var buffer = new char[1024];
            while (await from.ReadAsync(buffer, ct) is var read and > 0)
            {
                lock (_lock)
                {
                    _text.Append(buffer, 0, read);
                    if (_text.Length > 2 * most)
                    {
                        _text.Remove(0, _text.Length - most);
                    }
                }
            }
        }

        public override string ToString()
        {
            lock (_lock)
            {
                return _text.ToString();
            }
        }
    }
}
