using Ebb.Clouds.Azure;
using Ebb.Joining;

namespace Ebb.Agent;

/// <summary>What an announced event asks of a machine.</summary>
/// <param name="Acknowledge">Whether to agree to it once the machine is empty, so that nobody waits in vain.</param>
internal sealed record Duty(Notice Notice, bool Acknowledge)
{
    // The cut comes at its instant; the last answer must be there before.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(2);

    /// <param name="machine">The machine's name as events name it.</param>
    /// <returns>Null when the event is none of this machine's.</returns>
    public static Duty? Of(ScheduledEvent announced, string machine)
    {
        if (!announced.Machines.Contains(machine, StringComparer.OrdinalIgnoreCase))
        {
            return null;
        }

        // An acknowledgement counts for all machines of an event, and the others may not be ready.
        var alone = announced.Machines.All(other => other.Equals(machine, StringComparison.OrdinalIgnoreCase));
        var notice = new Notice
        {
            Id = announced.Id,
            Kind = announced.Kind,
            At = announced.NotBefore,
            Seconds = announced.Lasts is { } lasts ? (int)lasts.TotalSeconds : null,
        };
        return new Duty(notice, alone && announced.NotBefore is not null);
    }

    /// <summary>How long the machine may take from now to be emptied before the event begins; zero when there is no time any more.</summary>
    public TimeSpan LeftAt(DateTimeOffset now)
    {
        var left = Notice.At is { } at ? at - now - Margin : TimeSpan.Zero;
        return left < TimeSpan.Zero ? TimeSpan.Zero : left > LeaveRequest.FarthestAhead ? LeaveRequest.FarthestAhead : left;
    }
}
