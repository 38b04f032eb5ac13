using System.Runtime.InteropServices;

namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>Signals to processes of the host.</summary>
internal static class Signals
{
    /// <summary>Cannot be heeded: the process is gone.</summary>
    public const int End = 9;

    /// <summary>systemd-nspawn passes it on as the order to shut down.</summary>
    public const int ShutDown = 15;

    /// <summary>A process that is gone already is no error.</summary>
    public static void Send(int process, int signal) => _ = Send0(process, signal);

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Send0(int process, int signal);
}
