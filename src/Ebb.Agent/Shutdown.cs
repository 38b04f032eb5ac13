using Ebb.Joining;

namespace Ebb.Agent;

/// <summary>Why the agent is told to stop: the machine boots again, is switched off, or goes on without it.</summary>
internal sealed class Shutdown(Machine machine)
{
    /// <returns>One of <see cref="LeaveReasons"/>; null when the machine goes on.</returns>
    public async Task<string?> ReasonAsync(CancellationToken ct)
    {
        // What is being started says where the system is going; its own state only that it goes.
        var jobs = await machine.TryAsync(new Command("systemctl", ["list-jobs", "--plain", "--no-legend"]) { Within = TimeSpan.FromSeconds(10) }, ct);
        var targets = jobs.Output.Split(['\n', ' '], StringSplitOptions.RemoveEmptyEntries);
        if (targets.Any(word => word is "reboot.target" or "kexec.target" or "soft-reboot.target"))
        {
            return LeaveReasons.Reboot;
        }

        return targets.Any(word => word is "poweroff.target" or "halt.target" or "exit.target" or "shutdown.target") ? LeaveReasons.Shutdown : null;
    }
}
