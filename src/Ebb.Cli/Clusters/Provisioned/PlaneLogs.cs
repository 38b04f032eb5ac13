using Ebb.Cli.Output;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>What every machine of a control plane has to say: the controller runs on whichever leads, and machines ask any of them to join.</summary>
internal sealed class PlaneLogs(SshTarget target, Terminal terminal)
{
    private readonly Lock _lock = new();

    /// <param name="follow">All at once, as it comes, until cancelled; else one machine after the other.</param>
    /// <exception cref="IOException">Some could not be asked; each was told when that happened.</exception>
    public async Task ShowAsync(string[] command, bool follow, CancellationToken ct)
    {
        List<bool> shown = [];
        if (follow)
        {
            shown.AddRange(await Task.WhenAll(target.Names.ControlPlane.Select(machine => ShowAsync(machine, command, ct))));
        }
        else
        {
            foreach (var machine in target.Names.ControlPlane)
            {
                shown.Add(await ShowAsync(machine, command, ct));
            }
        }

        if (shown.Contains(false))
        {
            throw new IOException($"The log of {shown.Count(one => !one)} of {shown.Count} control-plane machines is not, or not all, shown; why is said above.");
        }
    }

    /// <returns>False when its log could not be had: the others' may well tell why.</returns>
    private async Task<bool> ShowAsync(int machine, string[] command, CancellationToken ct)
    {
        var name = target.Names.ControlPlaneMachine(machine);
        try
        {
            await target.RunAsync(machine, command, line => Write(terminal.Print, $"{name}: {line}"), line => Write(terminal.Say, $"{name}: {line}"), ct);
            return true;
        }
        catch (Exception e) when (e is IOException or EbbException && !ct.IsCancellationRequested)
        {
            Write(terminal.Say, e.Message);
            return false;
        }
    }

    private void Write(Action<string> to, string line)
    {
        lock (_lock)
        {
            to(line);
        }
    }
}
