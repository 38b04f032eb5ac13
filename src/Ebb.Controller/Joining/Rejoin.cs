using Ebb.Kubernetes.Objects;
using Ebb.Pools;

namespace Ebb.Controller.Joining;

/// <summary>What an admitted machine finds under the name that it is to bear.</summary>
/// <remarks>
/// A machine may join again when its node is down: not ready, or left in good order. While its node is up it may not, since then
/// whoever asks is not the kubelet's machine starting, but something that runs on it.
/// </remarks>
internal abstract record Rejoin
{
    // The node controller takes this long to notice that a kubelet is gone: sooner it is not worth asking again.
    private const int AskAgain = 10;

    private Rejoin()
    {
    }

    /// <summary>Nothing: it joins for the first time, or its Node object was deleted.</summary>
    public sealed record First : Rejoin;

    /// <summary>Its own node, which comes back as it was: pods bound to it start again.</summary>
    public sealed record Again(V1Node Node) : Rejoin;

    /// <summary>A Node object that nobody is any more; it is deleted first, with what belongs to it.</summary>
    public sealed record Replace(V1Node Node, string Why) : Rejoin;

    public sealed record Wait(string Outcome, string Why, int Seconds) : Rejoin;

    public sealed record Refuse(string Outcome, string Why) : Rejoin;

    /// <param name="node">The Node object of that name, read now.</param>
    /// <param name="fresh">The machine says that it has nothing of an earlier life.</param>
    /// <param name="other">Where the node names another machine: what the cloud knows of that one.</param>
    public static Rejoin Decide(V1Node? node, Machine machine, bool fresh, Found? other)
    {
        if (node is null)
        {
            return new First();
        }

        if (node.Metadata.Labels?.Keys.Any(key => key is "node-role.kubernetes.io/control-plane" or "node-role.kubernetes.io/master") == true)
        {
            return new Refuse("name-taken", $"node {node.Metadata.Name} is part of the control plane");
        }

        if (IsOf(node, machine))
        {
            return IsUp(node) ? new Wait("joined", $"node {node.Metadata.Name} is up", AskAgain)
                : fresh ? new Replace(node, "its machine was made anew")
                : new Again(node);
        }

        return other switch
        {
            Found.Is { Member.Machine.State: not MachineState.Deleting } =>
                new Refuse("name-taken", $"node {node.Metadata.Name} is another machine: {node.Spec.ProviderID}"),
            Found.NotRead later => new Wait("unsure", "the cloud was not asked about the machine of that node yet", later.Seconds),
            Found.Unsure unsure => new Wait("unsure", unsure.Why, AskAgain),
            Found.Is or Found.No when IsReady(node) => new Wait("name-in-use", $"node {node.Metadata.Name} of a machine that is gone is still ready", AskAgain),
            Found.Is or Found.No => new Replace(node, "its machine is gone"),

            // It says nothing of what it is: a person brought it in.
            _ => new Refuse("name-taken", $"node {node.Metadata.Name} is no machine of a pool"),
        };
    }

    /// <summary>Whether this Node object is this machine.</summary>
    public static bool IsOf(V1Node node, Machine machine) =>
        node.Spec.ProviderID is { Length: > 0 } providerId
            ? providerId.Equals(machine.ProviderId, StringComparison.OrdinalIgnoreCase)
            : machine.VmId.Length > 0 && machine.VmId.Equals(node.Status?.NodeInfo?.SystemUUID, StringComparison.OrdinalIgnoreCase);

    public static bool IsReady(V1Node node) => ReadyCondition(node) is { Status: "True" };

    public static V1Condition? ReadyCondition(V1Node node) => node.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Ready");

    private static bool IsUp(V1Node node) => IsReady(node) && node.Metadata.Annotations?.ContainsKey(Marks.Left) != true;
}
