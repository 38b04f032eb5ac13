using Ebb.Acting;
using Ebb.Joining;
using Ebb.Kubernetes.Objects;

namespace Ebb.Controller.Joining;

/// <summary>Marks the node of a machine with what its cloud has announced, so that nothing new starts there and another is bought.</summary>
internal sealed class NoticeDesk(Doorkeeper door, ApiKubernetes kubernetes, TimeProvider time)
{
    private const int MostNotices = 64;

    public async Task<Reply> NoticeAsync(NoticeRequest request, Caller caller, CancellationToken ct)
    {
        if (request.Notices.Count > MostNotices || request.Notices.Any(notice => !LeavingMarks.ByGravity.Contains(notice.Kind)))
        {
            return Reply.BadRequest($"notices must be at most {MostNotices}, each of a kind that is known.");
        }

        var (member, refusal) = await door.WhoAsync(request.Proof, JoinPaths.Notice, caller, ct);
        if (refusal is not null)
        {
            return refusal;
        }

        var name = Doorkeeper.NodeName(member!.Machine);
        var gravest = request.Notices.OrderBy(notice => LeavingMarks.ByGravity.IndexOf(notice.Kind)).ThenBy(notice => notice.At).FirstOrDefault();
        var leave = gravest is not null && gravest.Kind != NoticeKinds.Freeze;
        if (await kubernetes.NodeAsync(name, ct) is { } node && Rejoin.IsOf(node, member.Machine))
        {
            await MarkAsync(node, gravest, leave, ct);
        }

        return Reply.Granted(new NoticeAnswer { Node = name, Leave = leave }, JoinJson.Default.NoticeAnswer).Of(member, name) with
        {
            Proof = request.Proof.Kind,
            Why = gravest is null ? "nothing is announced" : $"{gravest.Kind} {gravest.At:u}",
        };
    }

    private async Task MarkAsync(V1Node node, Notice? gravest, bool leave, CancellationToken ct)
    {
        if (gravest is null)
        {
            // Called off, or over: one that has left keeps its marks until it is back.
            if (LeavingMarks.On(node) && node.Metadata.Annotations?.ContainsKey(Marks.Left) != true)
            {
                await kubernetes.ChangeNodeAsync(node.Metadata.Name, LeavingMarks.None, ct);
            }

            return;
        }

        var change = LeavingMarks.Of(gravest.Kind, gravest.At ?? time.GetUtcNow(), leave);
        var told = change.Annotations[Marks.Notice];
        await kubernetes.ChangeNodeAsync(node.Metadata.Name, change, ct);
        if (node.Metadata.Annotations?.GetValueOrDefault(Marks.Notice) != told)
        {
            var about = new V1ObjectReference { ApiVersion = "v1", Kind = "Node", Name = node.Metadata.Name, Uid = node.Metadata.Name };
            await kubernetes.TellAsync(about, warning: leave, "Notice", $"The cloud has announced: {told}", ct);
        }
    }
}
