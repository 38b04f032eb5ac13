using Ebb.Acting;
using Ebb.Joining;
using Ebb.Kubernetes.Objects;
using Ebb.Pools;

namespace Ebb.Controller.Joining;

/// <summary>Empties the node of a machine that stops, as far as its time allows, and deletes it when the machine is not coming back.</summary>
internal sealed class LeaveDesk(Doorkeeper door, Members members, ApiKubernetes kubernetes, NodeDrain drain, TimeProvider time)
{
    // The longest that Azure lets a machine prepare for its end.
    private const int MostSeconds = 15 * 60;

    /// <summary>Longer than any machine may ask for.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(MostSeconds + 60);

    // So much of the time belongs to the answer, and to the machine's own last steps.
    private static readonly TimeSpan ForTheAnswer = TimeSpan.FromSeconds(2);

    // These are moments; a server that cannot do it is to say so while the machine has time to ask another.
    private static readonly TimeSpan BeginWithin = TimeSpan.FromSeconds(5);

    public async Task<Reply> LeaveAsync(LeaveRequest request, Caller caller, CancellationToken ct)
    {
        if (request.SecondsLeft is < 0 or > MostSeconds)
        {
            return Reply.BadRequest($"secondsLeft is {request.SecondsLeft}; it must be from 0 to {MostSeconds}.");
        }

        if (!IsKnown(request.Reason))
        {
            return Reply.BadRequest("the reason is none that is known.");
        }

        var deadline = time.GetUtcNow() + TimeSpan.FromSeconds(request.SecondsLeft) - ForTheAnswer;
        var (member, refusal) = await door.WhoAsync(request.Proof, JoinPaths.Leave, caller, ct);
        if (refusal is not null)
        {
            return refusal;
        }

        var name = Doorkeeper.NodeName(member!.Machine);
        V1Node? node;
        using (var soon = new CancellationTokenSource(BeginWithin, time))
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(ct, soon.Token))
        {
            try
            {
                node = await BeginAsync(name, member.Machine, request.Reason, deadline, either.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                return Reply.Failed($"the API server did not answer for {BeginWithin.TotalSeconds:0} s").Of(member, name);
            }
        }

        var (answer, calledOff) = node is null ? (new LeaveAnswer { Node = name }, false) : await EmptyAsync(node, member, request.Reason, deadline, ct);
        return Reply.Granted(answer, JoinJson.Default.LeaveAnswer).Of(member, name) with
        {
            Proof = request.Proof.Kind,
            Why = $"{request.Reason}: {answer.Evicted} pods told to go, {answer.Left} left"
                + $"{(answer.Deleted ? ", node deleted" : "")}{(calledOff ? ", called off" : "")}",
        };
    }

    /// <summary>Nothing new starts on it from now on.</summary>
    /// <returns>Null when the machine is no node.</returns>
    private async Task<V1Node?> BeginAsync(string name, Machine machine, string reason, DateTimeOffset deadline, CancellationToken ct)
    {
        if (await kubernetes.NodeAsync(name, ct) is not { } node || !Rejoin.IsOf(node, machine))
        {
            return null;
        }

        await kubernetes.ChangeNodeAsync(name, LeavingMarks.Of(reason, deadline, empties: true), ct);
        return node;
    }

    private async Task<(LeaveAnswer Answer, bool CalledOff)> EmptyAsync(
        V1Node node, Member member, string reason, DateTimeOffset deadline, CancellationToken ct)
    {
        var name = node.Metadata.Name;
        var comesBack = reason is LeaveReasons.Reboot or NoticeKinds.Reboot;
        var drained = await drain.RunAsync(name, deadline, sparesUnowned: comesBack, now => LeavingMarks.Stand(now, reason), ct);
        var answer = new LeaveAnswer { Node = name, Evicted = drained.Told, Left = drained.Left };
        if (drained.CalledOff)
        {
            // The machine is as good as any again, and bears whatever marks it was given since.
            return (answer, true);
        }

        if (!comesBack && await IsGoingAsync(member.Machine, reason, ct))
        {
            await kubernetes.DeleteNodeAsync(name, node.Metadata.Uid, ct);
            return (answer with { Deleted = true }, false);
        }

        await kubernetes.ChangeNodeAsync(name, LeavingMarks.HasLeft(time.GetUtcNow()), ct);
        return (answer, false);
    }

    /// <summary>The cloud's word, or its notice as the machine has it; a machine that is merely switched off comes back as the same node.</summary>
    private async Task<bool> IsGoingAsync(Machine machine, string reason, CancellationToken ct) =>
        reason is NoticeKinds.Preempt or NoticeKinds.Terminate
        || await members.FreshAsync(machine.ProviderId, ct) is Found.No or Found.Is { Member.Machine.State: MachineState.Deleting };

    private static bool IsKnown(string reason) =>
        reason is LeaveReasons.Reboot or LeaveReasons.Shutdown
            or NoticeKinds.Preempt or NoticeKinds.Terminate or NoticeKinds.Redeploy or NoticeKinds.Reboot or NoticeKinds.Freeze;
}
