using Ebb.Controller.Joining.Proofs;
using Ebb.Joining;
using Ebb.Kubernetes;
using Ebb.Pools;
using Resources = Ebb.Kubernetes.Resources;

namespace Ebb.Controller.Joining;

/// <summary>Finds out which machine of this cluster is asking, from its proof alone.</summary>
internal sealed class Doorkeeper(Nonces nonces, IReadOnlyList<IIdentityCheck> checks, Members members, KubeClient client)
{
    /// <summary>The kinds of proof that are good for joining.</summary>
    public IReadOnlyList<string> Kinds { get; } = [.. checks.Where(check => check.ForJoining).Select(check => check.Kind)];

    /// <returns>The machine, or the answer to whoever it is not.</returns>
    public async Task<(Member? Member, Reply? Refusal)> WhoAsync(Proof proof, string path, Caller caller, CancellationToken ct)
    {
        var kind = checks.FirstOrDefault(check => check.Kind == proof.Kind);
        if (kind is null || (path == JoinPaths.Join && !kind.ForJoining))
        {
            return (null, Reply.Forbidden("wrong-proof", kind is null ? "a proof of an unknown kind" : $"a proof by {kind.Kind}, which is not good for this"));
        }

        // Before anything is computed: each nonce buys one check, and buys it for one address.
        if (!nonces.Take(proof.Nonce, caller.Key))
        {
            return (null, Reply.Forbidden("replayed", "its nonce was not given to this address, is used, or is too old") with { Proof = kind.Kind });
        }

        var goodFor = path == JoinPaths.Join ? Members.Lately : Members.Ever;
        var (member, refusal) = await kind.CheckAsync(proof, path, caller.Key, ct) switch
        {
            Identity.Machine machine => Ours(await members.ByVmIdAsync(machine.VmId, goodFor, ct), machine.VmId),
            Identity.Node node => await NodeAsync(node.Name, goodFor, ct),
            Identity.NotShown not => (null, Reply.Forbidden(not.Outcome, not.Why)),
            var other => throw new InvalidOperationException($"There is no identity {other}."),
        };
        return (member, refusal is null ? null : refusal with { Proof = kind.Kind });
    }

    /// <summary>The name under which a machine is a node.</summary>
    public static string NodeName(Machine machine) =>
        (machine.HostName.Length > 0 ? machine.HostName : machine.Name.Replace('_', '-')).ToLowerInvariant();

    private async Task<(Member? Member, Reply? Refusal)> NodeAsync(string name, TimeSpan goodFor, CancellationToken ct) =>
        await client.FindAsync(Resources.Nodes, null, name, ct) is { Spec.ProviderID: { Length: > 0 } providerId }
            ? Ours(await members.ByProviderIdAsync(providerId, goodFor, ct), providerId)
            : (null, Reply.Forbidden("not-a-member", $"node {name} is none, or does not say which machine it is"));

    private static (Member? Member, Reply? Refusal) Ours(Found found, string id) => found switch
    {
        Found.Is { Member.Pool.Problem: { } problem } => (null, Reply.Forbidden("not-a-member", $"its pool is left alone: {problem}")),
        Found.Is is_ => (is_.Member, null),
        Found.No => (null, Reply.Forbidden("not-a-member", "no pool of this cluster has this machine") with { Machine = id }),
        Found.NotRead later => (null, Reply.NotYet("not-yet", "unknown", "not on the last list of machines, which is not read again yet", later.Seconds) with { Machine = id }),
        Found.Unsure unsure => (null, Reply.Failed(unsure.Why)),
        _ => throw new InvalidOperationException($"There is no answer {found}."),
    };
}
