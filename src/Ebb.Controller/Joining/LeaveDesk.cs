using Ebb.Acting;
using Ebb.Joining;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;
using Ebb.Pools;

namespace Ebb.Controller.Joining;

/// <summary>Empties the node of a machine that stops, as far as its time allows, and deletes it when the machine is not coming back.</summary>
internal sealed class LeaveDesk(Doorkeeper door, Members members, ApiKubernetes kubernetes, NodeDrain drain, TimeProvider time)
{
    /// <summary>Longer than any machine may ask for.</summary>
    public static readonly TimeSpan Longest = LeaveRequest.Longest + TimeSpan.FromMinutes(1);

    // So much of the time belongs to the answer, and to the machine's own last steps.
    private static readonly TimeSpan ForTheAnswer = TimeSpan.FromSeconds(2);

    // These are moments; a server that cannot do it is to say so while the machine has time to ask another.
    private static readonly TimeSpan BeginWithin = TimeSpan.FromSeconds(5);

    // As long as the controller waits between the cordon of an idle node and its removal.
    private static readonly TimeSpan Binds = new Policy().CordonFor;

    // Kubelets write their node every few seconds; losing this many races in a row means something else is wrong.
    private const int MostConflicts = 8;

    public async Task<Reply> LeaveAsync(LeaveRequest request, Caller caller, CancellationToken ct)
    {
        var most = (int)(request.InAdvance ? LeaveRequest.FarthestAhead : LeaveRequest.Longest).TotalSeconds;
        if (request.SecondsLeft < 0 || request.SecondsLeft > most)
        {
            return Reply.BadRequest($"secondsLeft is {request.SecondsLeft}; it must be from 0 to {most}.");
        }

        var announced = LeavingMarks.ByGravity.Contains(request.Reason);
        if (!announced && (request.InAdvance || request.Reason is not (LeaveReasons.Reboot or LeaveReasons.Shutdown)))
        {
            return Reply.BadRequest("the reason is none that is known, or none that is known in advance.");
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

                node = request.InAdvance
                    ? await NodeAsync(member!.Machine, either.Token)
                    : await BeginAsync(member!.Machine, request.Reason, deadline, either.Token);
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
        var answer = node is null ? new LeaveAnswer { Node = name }
            : request.InAdvance ? await MoveAsync(name, request.Reason, deadline, ct)
            : await EmptyAsync(node, member, request.Reason, deadline, ct);
        return Reply.Granted(answer, JoinJson.Default.LeaveAnswer).Of(member, name) with
        {
            Proof = request.Proof.Kind,
            Why = $"{request.Reason}{(request.InAdvance ? " in advance" : "")}: {answer.Evicted} pods told to go, {answer.Left} left"
                + $"{(answer.Deleted ? ", node deleted" : "")}{(answer.CalledOff ? ", called off" : "")}",
        };
    }

    /// <returns>Null when the machine is no node.</returns>
    private async Task<V1Node?> NodeAsync(Machine machine, CancellationToken ct) =>
        await kubernetes.NodeAsync(Doorkeeper.NodeName(machine), ct) is { } node && Rejoin.IsOf(node, machine) ? node : null;

    /// <summary>
    /// Its notice has marked it, and nothing new starts on it: what runs there and must not be interrupted has all the time that there
    /// is. No mark is added: a machine that is told of it no more must not be left with any.
    /// </summary>
    private async Task<LeaveAnswer> MoveAsync(string name, string reason, DateTimeOffset deadline, CancellationToken ct)
    {
        // What needs longer to end than there would be when it asks again goes now.
        var by = deadline - LeaveRequest.AsksAgainWithin;
        var drained = await drain.OnceAsync(name, by, UnownedOf(reason), BindsFor(reason), now => LeavingMarks.Stand(now, reason), ct);
        return new LeaveAnswer { Node = name, Evicted = drained.Told, Left = drained.Left, CalledOff = drained.CalledOff };
    }

    /// <summary>Nothing new starts on it from now on.</summary>
    /// <returns>Null when the machine is no node.</returns>
    private async Task<V1Node?> BeginAsync(Machine machine, string reason, DateTimeOffset deadline, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await NodeAsync(machine, ct) is not { } node)
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
        var drained = await drain.RunAsync(name, deadline, UnownedOf(reason), BindsFor(reason), now => LeavingMarks.Stand(now, reason), ct);
        var answer = new LeaveAnswer { Node = name, Evicted = drained.Told, Left = drained.Left, CalledOff = drained.CalledOff };
        if (drained.CalledOff)
        {
            // The machine is as good as any again, and bears whatever marks it was given since.
            return answer;
        }

        if (UnownedOf(reason) is Unowned.Goes && await IsGoingAsync(member.Machine, reason, ct))
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

    /// <summary>Of what machines agree to once they are empty; what is taken back has no time for it, and what stops by itself asks nobody.</summary>
    private static TimeSpan BindsFor(string reason) =>
        reason is NoticeKinds.Reboot or NoticeKinds.Redeploy or NoticeKinds.Terminate ? Binds : TimeSpan.Zero;

    private static Unowned UnownedOf(string reason) => reason switch
    {
        LeaveReasons.Reboot => Unowned.Stays,
        NoticeKinds.Reboot => Unowned.StaysAndCounts,
        _ => Unowned.Goes,
    };
}
