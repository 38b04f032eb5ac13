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
        var reply = await kubernetes.NodeAsync(name, ct) is { } node && Rejoin.IsOf(node, member.Machine)
            ? await EmptyAsync(node, member, request.Reason, deadline, ct)
            : new LeaveAnswer { Node = name };
        return Reply.Granted(reply, JoinJson.Default.LeaveAnswer).Of(member, name) with
        {
            Proof = request.Proof.Kind,
            Why = $"{request.Reason}: {reply.Evicted} pods told to go, {reply.Left} left{(reply.Deleted ? ", node deleted" : "")}",
        };
    }

    private async Task<LeaveAnswer> EmptyAsync(V1Node node, Member member, string reason, DateTimeOffset deadline, CancellationToken ct)
    {
        var name = node.Metadata.Name;
        await kubernetes.ChangeNodeAsync(name, LeavingMarks.Of(reason, deadline, empties: true), ct);
        var comesBack = reason is LeaveReasons.Reboot or NoticeKinds.Reboot;
        var drained = await drain.RunAsync(name, deadline, sparesUnowned: comesBack, ct);
        var deleted = !comesBack && await IsGoingAsync(member.Machine, reason, ct);
        if (deleted)
        {
            await kubernetes.DeleteNodeAsync(name, node.Metadata.Uid, ct);
        }
        else
        {
            await kubernetes.ChangeNodeAsync(name, LeavingMarks.HasLeft(time.GetUtcNow()), ct);
        }

        return new LeaveAnswer { Node = name, Evicted = drained.Told, Left = drained.Left, Deleted = deleted };
    }

    /// <summary>The cloud's word, or its notice as the machine has it; a machine that is merely switched off comes back as the same node.</summary>
    private async Task<bool> IsGoingAsync(Machine machine, string reason, CancellationToken ct) =>
        reason is NoticeKinds.Preempt or NoticeKinds.Terminate
        || await members.FreshAsync(machine.ProviderId, ct) is Found.No or Found.Is { Member.Machine.State: MachineState.Deleting };

    private static bool IsKnown(string reason) =>
        reason is LeaveReasons.Reboot or LeaveReasons.Shutdown
            or NoticeKinds.Preempt or NoticeKinds.Terminate or NoticeKinds.Redeploy or NoticeKinds.Reboot or NoticeKinds.Freeze;
}
