using System.Net;
using Ebb.Joining;
using Microsoft.Extensions.Logging;

namespace Ebb.Agent.Distributions;

/// <summary>The distribution that the join server names, or before it has answered the one that the machine was told at its birth; with the machine's shares and networks.</summary>
internal sealed partial class ChosenDistribution(
    Machine machine, AgentConfiguration configuration, Func<CancellationToken, Task<IPAddress>> address, TimeProvider time, Random random, ILogger logger) : IDistribution
{
    // Within what a machine was granted: asking the join server again gives another key, and is for what does not heal.
    private static readonly TimeSpan SharesWithin = TimeSpan.FromMinutes(3);

    private string? _name = configuration.Distribution;

    public bool WasNode => Named(_name).WasNode;

    public async Task StartAsync(JoinAnswer granted, CancellationToken ct)
    {
        await PatientlyAsync(cancel => new Mounts(machine).MountAsync(granted.Mounts, cancel), ct);
        if (granted.TailscaleKey is { } key)
        {
            await ReachableAsync(granted.Node, key, ct);
        }

        _name = granted.Distribution;
        await Named(_name).StartAsync(granted, ct);
    }

    public async Task ResumeAsync(CancellationToken ct)
    {
        await PatientlyAsync(new Mounts(machine).MountAgainAsync, ct);
        await Named(_name).ResumeAsync(ct);
    }

    /// <summary>No work comes to a machine that lacks its shares; they may be away for a while, and nobody need be asked anew for that.</summary>
    private async Task PatientlyAsync(Func<CancellationToken, Task> mount, CancellationToken ct)
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(30), time, random);
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                await mount(ct);
                return;
            }
            catch (CommandException e) when (time.GetElapsedTime(started) < SharesWithin)
            {
                LogNotMounted(e.Message);
                await backoff.FailedAsync(ct);
            }
        }
    }

    /// <summary>A node works without that network, too.</summary>
    private async Task ReachableAsync(string node, string key, CancellationToken ct)
    {
        try
        {
            await new Tailnet(machine).JoinAsync(node, key, ct);
        }
        catch (CommandException e)
        {
            LogNoTailnet(e.Message);
        }
    }

    private IDistribution Named(string? name) => name switch
    {
        "kubelet" => new KubeletNode(machine, ImageFacts.Of(machine), address),
        "k3s" or null => new K3sNode(machine, address),
        _ => throw new EbbException($"The join server asks for the distribution '{name}', which this agent does not know. Update the agent on the control plane."),
    };

    [LoggerMessage(LogLevel.Warning, "A share cannot be mounted yet, which is tried again: {Reason}")]
    private partial void LogNotMounted(string reason);

    [LoggerMessage(LogLevel.Warning, "This machine is not in its Tailscale network, and joins its cluster all the same: {Reason}")]
    private partial void LogNoTailnet(string reason);
}
