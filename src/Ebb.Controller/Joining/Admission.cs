using Ebb.Acting;
using Ebb.Controller.Joining.Limits;
using Ebb.Joining;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Pools;
using Ebb.Scheduling;
using Resources = Ebb.Kubernetes.Resources;

namespace Ebb.Controller.Joining;

/// <summary>Lets a machine become a node, once it has shown which one it is.</summary>
internal sealed class Admission(
    JoinServerOptions options,
    Doorkeeper door,
    Members members,
    JoinTokens tokens,
    Expectations expectations,
    KubeClient client,
    ApiKubernetes kubernetes,
    Watched<Handout>? handout,
    TimeProvider time)
{
    // A machine that starts over and over gets a token each time, but nobody makes a cluster collect them.
    private readonly RequestRates _perMachine = new(new Rate(1 / 60.0, 6), new Rate(1000, 10_000), 10_000, time);

    // One request at a time for a name: of two at once neither may void the token that the other hands out, or leave it valid. More
    // than are at work at a time, so that machines that share one by their names' hash hardly ever meet.
    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, 256).Select(_ => new SemaphoreSlim(1))];

    /// <param name="hungUp">Cancelled when the machine no longer waits for the answer.</param>
    public async Task<Reply> JoinAsync(JoinRequest request, Caller caller, CancellationToken hungUp, CancellationToken ct)
    {
        var (member, refusal) = await door.WhoAsync(request.Proof, JoinPaths.Join, caller, ct);
        var reply = refusal ?? await InTurnAsync(member!, request.Fresh, hungUp, ct);
        return reply with { Agent = Shortened(request.Agent), Proof = reply.Proof ?? request.Proof.Kind };
    }

    private async Task<Reply> InTurnAsync(Member member, bool fresh, CancellationToken hungUp, CancellationToken ct)
    {
        var name = Doorkeeper.NodeName(member.Machine);
        var turn = _turns[(uint)name.GetHashCode(StringComparison.Ordinal) % _turns.Length];
        await turn.WaitAsync(ct);
        try
        {
            // It may have asked again since, and have its answer: another token, which nobody reads, would void that one.
            return hungUp.IsCancellationRequested
                ? Reply.NotYet("not-yet", "hung-up", "nobody waits for the answer any more", 0).Of(member, name)
                : await AdmitAsync(member, fresh, ct);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<Reply> AdmitAsync(Member member, bool fresh, CancellationToken ct)
    {
        var machine = member.Machine;
        var name = Doorkeeper.NodeName(machine);
        if (machine.State is MachineState.Deleting)
        {
            return Reply.Forbidden("leaving", "its deletion has been asked for").Of(member, name);
        }

        if (_perMachine.Ask(machine.ProviderId) is { } wait)
        {
            return Reply.Busy("too-often", wait).Of(member, name);
        }

        var node = await client.FindAsync(Resources.Nodes, null, name, ct);
        var other = node is { Spec.ProviderID: { Length: > 0 } providerId } && !Rejoin.IsOf(node, machine)
            ? await members.ByProviderIdAsync(providerId, Members.Lately, ct)
            : null;
        switch (Rejoin.Decide(node, machine, fresh, other))
        {
            case Rejoin.Refuse refused:
                return Reply.Forbidden(refused.Outcome, refused.Why).Of(member, name);
            case Rejoin.Wait waiting:
                return Reply.NotYet(waiting.Outcome == "joined" ? "joined" : "not-yet", waiting.Outcome, waiting.Why, waiting.Seconds).Of(member, name);
            case Rejoin.Replace replaced:
                await kubernetes.DeleteNodeAsync(name, replaced.Node.Metadata.Uid, ct);
                break;
            case Rejoin.Again:
                await kubernetes.ChangeNodeAsync(name, LeavingMarks.None, ct);
                break;
        }

        if (options.Distribution == JoinServerOptions.K3s && fresh)
        {
            // It belongs to a password on a disk that is no more; k3s would take the machine for an impostor.
            await client.DeleteAsync(Resources.Secrets, Marks.Namespace, $"{name}.node-password.k3s", new(), ct);
        }

        var answer = await AnswerAsync(member, name, node, ct);
        return Reply.Granted(answer, JoinJson.Default.JoinAnswer).Of(member, name) with { Tell = true };
    }

    private async Task<JoinAnswer> AnswerAsync(Member member, string name, V1Node? before, CancellationToken ct)
    {
        var given = handout?.Current ?? new Handout();
        var authority = Pem.Read(options.KubernetesAuthorityFile);

        // One that asks twice has lost the first answer.
        await expectations.WithdrawAsync(name, ct);
        var token = await tokens.IssueAsync(name, ct);
        expectations.Expect(
            name,
            token,
            before,
            new(Marks.SharesKey, Mount.MarkOf(given.Mounts.Select(mount => mount.Key))),
            new(Marks.Authority, AuthorityMark.Of(authority)));
        return new JoinAnswer
        {
            Node = name,
            ProviderId = member.Machine.ProviderId,
            Labels = NodeLabels.ForKubelet(member.Pool, member.Machine),
            Taints = [.. member.Pool.Shape.Taints.Select(Text)],
            Distribution = options.Distribution,
            Version = options.Version,
            Servers = [.. options.Servers.Select(server => server.GetLeftPart(UriPartial.Authority))],
            Authority = authority,
            Token = token.Text,
            TokenExpiresAt = token.ExpiresAt,
            Mounts = given.Mounts,
            TailscaleKey = given.TailscaleKey,
        };
    }

    private static string Text(Taint taint) => $"{taint.Key}={taint.Value}:{taint.Effect}";

    private static string? Shortened(string? text) => text?.Length > 64 ? text[..64] : text;
}
