using Ebb.Planning;

namespace Ebb.Healing;

/// <summary>Node objects whose machine no longer exists.</summary>
internal static class Orphans
{
    public static void Plan(Draft draft)
    {
        foreach (var node in draft.Nodes)
        {
            if (node.Machine is not null || PoolOf(draft, node) is not { } pool)
            {
                continue;
            }

            draft.InMotion.Add(pool.Name);
            var listedSince = pool.View.MachinesReadAt > node.Node.CreatedAt;
            if (!listedSince || !draft.Snapshot.Cloud.Complete)
            {
                node.Why = static (_, _) => "kept: its machine is not in the cloud's list, which may be old";
            }
            else if (node.Node.Ready && !IsExpectedToBeGone(draft, pool, node))
            {
                // It answers still: the list lies, or the machine went a moment ago.
                node.Going = true;
                node.Why = static (_, _) => "leaving: its machine is gone from the cloud";
            }
            else if (draft.Now - node.Node.CreatedAt < pool.Pool.JoinWithin && !WasAskedToGo(node))
            {
                // A list that is minutes old, as clouds hand out now and then, does not have the newest machines yet.
                draft.LookAgain(node.Node.CreatedAt + pool.Pool.JoinWithin);
                node.Why = static (node, now) => $"kept: not ready, its machine is not in the cloud's list, but it is new: {Words.Span(now - node.Node.CreatedAt)}";
            }
            else
            {
                node.Going = true;
                node.Why = static (_, _) => "removed: its machine is gone";
                draft.Decide(new Decision.DeleteNode(node.Node.Name, node.Node.Uid) { Reason = "its machine is gone" });
            }
        }
    }

    /// <summary>
    /// The list lacks its machine, and before that list was read the machine was asked to go or its end announced: two witnesses.
    /// Its last heartbeat is good for most of a minute, in which pods would be sent to it.
    /// </summary>
    private static bool IsExpectedToBeGone(Draft draft, PoolStanding pool, Standing node)
    {
        var asked = Notes.ReadTime(node.Node.Annotations.GetValueOrDefault(Marks.Removing));
        return asked < pool.View.MachinesReadAt || Announcement.Of(node.Node, draft.Now)?.At < pool.View.MachinesReadAt;
    }

    private static bool WasAskedToGo(Standing node) => node.Node.Annotations.ContainsKey(Marks.Removing);

    /// <summary>The pool that the node's provider id names; null for nodes that are no business of ours.</summary>
    private static PoolStanding? PoolOf(Draft draft, Standing node)
    {
        var provider = node.Node.ProviderId;
        var path = provider.IndexOf("://", StringComparison.Ordinal);
        if (path < 0)
        {
            return null;
        }

        foreach (var pool in draft.Pools)
        {
            var id = pool.Pool.CloudId;
            if (id.Length > 0 && pool.Sound
                && provider.AsSpan(path + 3).StartsWith(id, StringComparison.OrdinalIgnoreCase)
                && provider.Length > path + 3 + id.Length && provider[path + 3 + id.Length] == '/')
            {
                return pool;
            }
        }

        return null;
    }
}
