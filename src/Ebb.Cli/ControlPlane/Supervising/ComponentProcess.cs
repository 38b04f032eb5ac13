using System.Collections.Immutable;
using System.Diagnostics;
using Ebb.Cli.ControlPlane.Components;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.ControlPlane.Supervising;

/// <summary>A component as a process of this machine, in a session of its own: it outlives this one if need be.</summary>
internal sealed class ComponentProcess : IDisposable
{
    // The process notes who it is before it becomes the component: there is no instant in which this process could die and
    // leave one behind that nobody knows of.
    private const string Script = """
        mark=$1 log=$2
        shift 2
        read -r boot </proc/sys/kernel/random/boot_id && read -r stat </proc/$$/stat && printf '%s %s\n' "$boot" "$stat" >"$mark" &&
        exec setsid "$@" </dev/null >>"$log" 2>&1
        """;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    // Only a process that hangs in the kernel, on a dead disk say, survives a signal that cannot be caught.
    private static readonly TimeSpan Unstoppable = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly ProcessMark? _mark;

    private ComponentProcess(Process process)
    {
        _process = process;
        _mark = ProcessMark.Of(process.Id);
    }

    public int Id => _process.Id;

    public int ExitCode => _process.ExitCode;

    public static string MarkFile(string marks, string component) => Path.Combine(marks, $"{component}.mark");

    /// <param name="prefix">A command that runs the rest of its command line in place of itself, such as nsenter; may be empty.</param>
    public static ComponentProcess Start(ComponentSpec spec, string binary, ImmutableArray<string> prefix, string marks, string log)
    {
        var start = new ProcessStartInfo(
            "/bin/sh", ["-c", Script, "sh", MarkFile(marks, spec.Name), log, .. prefix, binary, .. spec.Arguments])
        {
            WorkingDirectory = marks,
        };
        Clean(start.Environment);
        return new ComponentProcess(Process.Start(start)!);
    }

    public Task WaitForExitAsync(CancellationToken ct) => _process.WaitForExitAsync(ct);

    /// <summary>Asks it to end; after <paramref name="patience"/> it is ended.</summary>
    public Task StopAsync(TimeSpan patience, TimeProvider time) => _mark is null ? Task.CompletedTask : StopAsync(_mark, patience, time);

    /// <summary>The same for a process that another one started.</summary>
    public static async Task StopAsync(ProcessMark mark, TimeSpan patience, TimeProvider time)
    {
        // Nothing cancels this: half a stop would leave a process behind, and it is bounded anyway.
        mark.Signal(ProcessMark.Terminate);
        var started = time.GetTimestamp();
        var ended = false;
        while (mark.Alive())
        {
            var waited = time.GetElapsedTime(started);
            if (!ended && waited > patience)
            {
                ended = true;
                mark.Signal(ProcessMark.End);
            }
            else if (waited > patience + Unstoppable)
            {
                throw new IOException($"Process {mark.Id} does not end, not even by force: see what it waits for in /proc/{mark.Id}/stack.");
            }

            await Task.Delay(LookEvery, time, CancellationToken.None);
        }
    }

    public void Dispose() => _process.Dispose();

    // Settings of the user's for other programs: etcd takes any of its flags from there and stops when one is given twice; a
    // proxy is of no use between components that speak to each other only.
    private static void Clean(IDictionary<string, string?> environment)
    {
        var foreign = environment.Keys.Where(name =>
            name.StartsWith("ETCD", StringComparison.Ordinal)
            || name is "KUBECONFIG" or "NOTIFY_SOCKET" or "LISTEN_FDS" or "LISTEN_PID"
            || name.ToUpperInvariant() is "HTTP_PROXY" or "HTTPS_PROXY" or "ALL_PROXY" or "NO_PROXY").ToList();
        foreach (var name in foreign)
        {
            environment.Remove(name);
        }
    }
}
