using Ebb.Scheduling;

namespace Ebb.Healing;

/// <summary>What may still run on a node that is not ready.</summary>
internal static class Remains
{
    /// <summary>A pod whose kubelet is gone is never confirmed dead. So long after its own grace period nothing of it runs.</summary>
    public static readonly TimeSpan DeadAfter = TimeSpan.FromMinutes(5);

    /// <summary>The pod to be waited for, one that nobody told to leave first; null when nothing runs there any more.</summary>
    public static Pod? Of(Node node, DateTimeOffset now)
    {
        Pod? leaving = null;
        foreach (var pod in node.Pods)
        {
            if (!pod.IsWork)
            {
                continue;
            }

            if (pod.LeavesBy is not { } by)
            {
                return pod;
            }

            if (now - by < DeadAfter && (leaving is null || by > leaving.LeavesBy))
            {
                leaving = pod;
            }
        }

        return leaving;
    }
}
