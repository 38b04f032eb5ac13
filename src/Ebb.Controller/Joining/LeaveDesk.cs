using Ebb.Acting;
using Ebb.Joining;
using Ebb.Kubernetes;
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

    // Kubelets write their node every few seconds; losing this many races in a row means something else is wrong.
    private const int MostConflicts = 8;

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
        Member? member = null;
        V1Node? node;
        using (var soon = new CancellationTokenSource(BeginWithin, time))
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(ct, soon.Token))
        {
            try
            {
                (member, var refusal) = await door.WhoAsync(request.Proof, JoinPaths.Leave, caller, either.Token);
                if (refusal is not null)
                {
                    return refusal;
                }

                node = await BeginAsync(member!.Machine, request.Reason, deadline, either.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                var seconds = $"{BeginWithin.TotalSeconds:0} s";
                return member is null
                    ? Reply.Failed($"who it is was not found out within {seconds}")
                    : Reply.Failed($"the API server did not answer within {seconds}").Of(member, Doorkeeper.NodeName(member.Machine));
            }
        }

        var name = Doorkeeper.NodeName(member.Machine);
        var answer = node is null ? new LeaveAnswer { Node = name } : await EmptyAsync(node, member, request.Reason, deadline, ct);
        return Reply.Granted(answer, JoinJson.Default.LeaveAnswer).Of(member, name) with
        {
            Proof = request.Proof.Kind,
            Why = $"{request.Reason}: {answer.Evicted} pods told to go, {answer.Left} left"
                + $"{(answer.Deleted ? ", node deleted" : "")}{(answer.CalledOff ? ", called off" : "")}",
        };
    }

    /// <summary>Nothing new starts on it from now on.</summary>
    /// <returns>Null when the machine is no node.</returns>
    private async Task<V1Node?> BeginAsync(Machine machine, string reason, DateTimeOffset deadline, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await kubernetes.NodeAsync(Doorkeeper.NodeName(machine), ct) is not { } node || !Rejoin.IsOf(node, machine))
            {
                return null;
            }

            try
            {
                // As it was when it was looked at: something graver may be marked at this very moment.
                var change = LeavingMarks.Leaves(node, reason, deadline) with { Version = node.Metadata.ResourceVersion };
                await kubernetes.ChangeNodeAsync(node.Metadata.Name, change, ct);
                return node;
            }
            catch (KubeException e) when (e.Conflict && attempt < MostConflicts)
            {
                // Somebody else wrote to it: what it says now counts.
            }
        }
    }

    private async Task<LeaveAnswer> EmptyAsync(V1Node node, Member member, string reason, DateTimeOffset deadline, CancellationToken ct)
    {
        var name = node.Metadata.Name;
        var comesBack = reason is LeaveReasons.Reboot or NoticeKinds.Reboot;
        var drained = await drain.RunAsync(name, deadline, sparesUnowned: comesBack, now => LeavingMarks.Stand(now, reason), ct);
        var answer = new LeaveAnswer { Node = name, Evicted = drained.Told, Left = drained.Left, CalledOff = drained.CalledOff };
        if (drained.CalledOff)
        {
            // The machine is as good as any again, and bears whatever marks it was given since.
            return answer;
        }

        if (!comesBack && await IsGoingAsync(member.Machine, reason, ct))
        {
            await kubernetes.DeleteNodeAsync(name, node.Metadata.Uid, ct);
            return answer with { Deleted = true };
        }

        await kubernetes.ChangeNodeAsync(name, LeavingMarks.HasLeft(time.GetUtcNow()), ct);
        return answer;
    }

    /// <summary>The cloud's word, or its notice as the machine has it; a machine that is merely switched off comes back as the same node.</summary>
    private async Task<bool> IsGoingAsync(Machine machine, string reason, CancellationToken ct)
    {
        if (reason is NoticeKinds.Preempt or NoticeKinds.Terminate)
        {
            return true;
        }

        using var soon = new CancellationTokenSource(BeginWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, soon.Token);
        try
        {
            return await members.FreshAsync(machine.ProviderId, either.Token) is Found.No or Found.Is { Member.Machine.State: MachineState.Deleting };
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // The machine waits for the answer and for nothing else; if it is gone, the control loop removes its node.
            return false;
        }
    }

    private static bool IsKnown(string reason) =>
        reason is LeaveReasons.Reboot or LeaveReasons.Shutdown
            or NoticeKinds.Preempt or NoticeKinds.Terminate or NoticeKinds.Redeploy or NoticeKinds.Reboot or NoticeKinds.Freeze;
}
