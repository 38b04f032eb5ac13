namespace Ebb.Simulation;

/// <summary>Stands for a process that can be killed: from then on no call of it ever comes back, and nothing of it happens.</summary>
public sealed class Process
{
    private static readonly Task Never = new TaskCompletionSource().Task;

    public bool Killed { get; private set; }

    /// <summary>Not even its clean-up runs, as with a machine that lost power.</summary>
    public void Kill() => Killed = true;

    /// <summary>Awaited at every way in and out of the process.</summary>
    internal Task AliveAsync() => Killed ? Never : Task.CompletedTask;
}
