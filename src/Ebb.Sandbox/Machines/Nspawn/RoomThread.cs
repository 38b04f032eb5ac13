using System.Collections.Concurrent;
using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>
/// A thread that has entered a network namespace and does there what it is given: a socket belongs to the namespace of the
/// thread that made it. The rest of the process stays where it is.
/// </summary>
internal sealed class RoomThread : IDisposable
{
    private const int NetworkNamespace = 0x40000000;

    private readonly BlockingCollection<Action<Exception?>> _work = [];
    private readonly Thread _thread;

    public RoomThread(string path)
    {
        _thread = new Thread(() => Run(path)) { IsBackground = true, Name = $"room {Path.GetFileName(path)}" };
        _thread.Start();
    }

    public Task<T> DoAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(refused =>
        {
            if (refused is not null)
            {
                // Never in the wrong namespace: what is asked for there is not harmless here.
                done.SetException(new NspawnException($"The network namespace could not be entered: {refused.Message}", refused));
                return;
            }

            try
            {
                done.SetResult(work());
            }
#pragma warning disable CA1031 // Whoever gave the work is told; the thread is for others too.
            catch (Exception e)
#pragma warning restore CA1031
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private void Run(string path)
    {
        var refused = Enter(path);
        foreach (var work in _work.GetConsumingEnumerable())
        {
            work(refused);
        }
    }

    private static Exception? Enter(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            return SetNamespace(file, NetworkNamespace) == 0 ? null : new Win32Exception();
        }
        catch (IOException e)
        {
            return e;
        }
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static extern int SetNamespace(SafeFileHandle file, int kind);
}
