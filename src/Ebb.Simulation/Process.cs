namespace Ebb.Simulation;

/// <summary>Stands for a process that can be killed: from then on no call of it ever comes back, and nothing of it happens.</summary>
public sealed class Process
{
    // Of its own: whoever awaits it is held by it, and would be for ever by one shared by all.
    private readonly Task _never = new TaskCompletionSource().Task;

    public bool Killed { get; private set; }

    /// <summary>Not even its clean-up runs, as with a machine that lost power.</summary>
    public void Kill() => Killed = true;

    /// <summary>Awaited at every way in and out of the process.</summary>
    internal Task AliveAsync() => Killed ? _never : Task.CompletedTask;
}
