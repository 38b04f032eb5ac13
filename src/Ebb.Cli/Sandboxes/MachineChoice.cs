using Ebb.Sandbox.Machines.Nspawn;

namespace Ebb.Cli.Sandboxes;

/// <summary>What the machines of a real cluster are: what the user asked for, else the best that runs here.</summary>
internal static class MachineChoice
{
    /// <summary>Decides, and makes what such machines need.</summary>
    /// <exception cref="EbbException">What was asked for cannot run here; says why.</exception>
    public static async Task<MachineKind> SettleAsync(MachineKind? wanted, Action<string> say, CancellationToken ct)
    {
        if (wanted is MachineKind.Hollow)
        {
            return MachineKind.Hollow;
        }

        try
        {
            Refuse(NspawnSupport.Obstacles());
            if (!MachineParts.AreThere())
            {
                say("The root file system of systemd-nspawn machines is not here yet. It is made of the distribution's packages: about a minute, once ...");
            }

            await MachineParts.EnsureAsync(ct);
            Refuse(NspawnSupport.Problems());
            return MachineKind.Nspawn;
        }
        catch (Exception e) when (wanted is null && e is EbbException or IOException)
        {
            say($"Machines are hollow, and act their pods out. {e.Message}");
            return MachineKind.Hollow;
        }
    }

    private static void Refuse(IEnumerable<string> problems)
    {
        if (problems.ToList() is { Count: > 0 } found)
        {
            throw new EbbException(string.Join(' ', found));
        }
    }
}
