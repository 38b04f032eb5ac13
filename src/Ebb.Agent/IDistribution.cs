using Ebb.Joining;

namespace Ebb.Agent;

/// <summary>
/// What makes a node of a machine that was admitted: k3s, Kubernetes' own kubelet; where machines are acted out, whoever acts.
/// </summary>
internal interface IDistribution
{
    /// <summary>Whether the machine has on its disk with what it is, or was, a node: a certificate of its own.</summary>
    bool WasNode { get; }

    /// <summary>Has the machine be the node that was granted. What runs already goes on running where nothing has changed for it.</summary>
    /// <exception cref="CommandException">A program of the machine failed.</exception>
    Task StartAsync(JoinAnswer granted, CancellationToken ct);

    /// <summary>Has the machine be the node that it was, with what is on its disk.</summary>
    /// <exception cref="CommandException">A program of the machine failed.</exception>
    Task ResumeAsync(CancellationToken ct);
}
