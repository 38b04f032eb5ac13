using System.Net;
using Ebb.Joining;

namespace Ebb.Agent.Distributions;

/// <summary>The distribution that the join server names, or before it has answered the one that the machine was told at its birth; with the machine's shares and networks.</summary>
internal sealed class ChosenDistribution(Machine machine, AgentConfiguration configuration, Func<CancellationToken, Task<IPAddress>> address) : IDistribution
{
    public bool WasNode => Named(configuration.Distribution).WasNode;

    public async Task StartAsync(JoinAnswer granted, CancellationToken ct)
    {
        await new Mounts(machine).MountAsync(granted.Mounts, ct);
        if (granted.TailscaleKey is { } key)
        {
            await new Tailnet(machine).JoinAsync(granted.Node, key, ct);
        }

        await Named(granted.Distribution).StartAsync(granted, ct);
    }

    public async Task ResumeAsync(CancellationToken ct)
    {
        await new Mounts(machine).MountAgainAsync(ct);
        await Named(configuration.Distribution).ResumeAsync(ct);
    }

    private IDistribution Named(string? name) => name switch
    {
        "kubelet" => new KubeletNode(machine, ImageFacts.Of(machine), address),
        "k3s" or null => new K3sNode(machine, address),
        _ => throw new EbbException($"The join server asks for the distribution '{name}', which this agent does not know. Update the agent on the control plane."),
    };
}
