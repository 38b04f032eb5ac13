using System.Collections.Immutable;
using System.Globalization;
using Ebb.Acting;
using Ebb.Joining;
using Ebb.Kubernetes.Objects;

namespace Ebb.Controller.Joining;

/// <summary>The marks on a node that its machine's end, or an interruption, has been announced.</summary>
internal static class LeavingMarks
{
    // Clouds are late at times; a machine that is up so long after its announced end was spared.
    private static readonly TimeSpan Spared = TimeSpan.FromMinutes(10);

    /// <summary>What clouds announce, the gravest first: what it says is what is marked.</summary>
    public static ImmutableArray<string> ByGravity { get; } =
        [NoticeKinds.Preempt, NoticeKinds.Terminate, NoticeKinds.Redeploy, NoticeKinds.Reboot, NoticeKinds.Freeze];

    /// <summary>Takes all of them off.</summary>
    public static NodeChange None { get; } = new()
    {
        Leaving = "",
        Annotations = new Dictionary<string, string?> { [Marks.Notice] = null, [Marks.Left] = null },
    };

    /// <param name="empties">Whether nothing new may start on it.</param>
    public static NodeChange Of(string kind, DateTimeOffset at, bool empties) => new()
    {
        Leaving = empties ? "NoSchedule" : "",
        Annotations = new Dictionary<string, string?> { [Marks.Notice] = $"{kind} {Text(at)}" },
    };

    /// <summary>
    /// Its machine begins to leave. What has been announced and is graver than that stays marked: another is bought for it, and the
    /// node may be being emptied for it already. So does the boot that it leaves for: nothing is bought for one that comes back.
    /// </summary>
    public static NodeChange Leaves(V1Node node, string reason, DateTimeOffset deadline)
    {
        var change = Of(reason, deadline, empties: true);
        return Stays(MarkedAs(node), reason) ? change with { Annotations = new Dictionary<string, string?>() } : change;
    }

    /// <summary>It has been emptied and is about to stop.</summary>
    public static NodeChange HasLeft(DateTimeOffset at) => new() { Annotations = new Dictionary<string, string?> { [Marks.Left] = Text(at) } };

    public static bool On(V1Node node) =>
        node.Metadata.Annotations?.ContainsKey(Marks.Notice) == true
        || node.Metadata.Annotations?.ContainsKey(Marks.Left) == true
        || node.Spec.Taints?.Any(taint => taint.Key == Marks.Leaving) == true;

    /// <summary>
    /// Whether the node is still to be emptied for this reason, once marked with it: its own wish a machine does not take back, but
    /// what a cloud has announced it may call off. Then no marks are left, or those of something that is less grave.
    /// </summary>
    public static bool Stand(V1Node node, string reason)
    {
        var gravity = ByGravity.IndexOf(reason);
        return gravity < 0
            || (MarkedAs(node) is { } marked && ByGravity.IndexOf(marked) <= gravity && node.Spec.Taints?.Any(taint => taint.Key == Marks.Leaving) == true);
    }

    /// <summary>It came back, or never went.</summary>
    public static bool AreOver(V1Node node, DateTimeOffset now)
    {
        if (Rejoin.ReadyCondition(node) is not { Status: "True" } ready)
        {
            return false;
        }

        var annotations = node.Metadata.Annotations;
        var left = Read(annotations?.GetValueOrDefault(Marks.Left));
        var announced = Read(annotations?.GetValueOrDefault(Marks.Notice)?.Split(' ')[^1]);
        return ready.LastTransitionTime > left || now - (announced ?? left ?? DateTimeOffset.MinValue) > Spared;
    }

    private static bool Stays(string? marked, string reason)
    {
        var gravity = ByGravity.IndexOf(marked ?? "");

        // One that is switched off may be as gone as any. But where the cloud has announced a boot, or another host, that is what it is
        // switched off for, and it comes back. A boot of its own wish is as grave as one of the cloud's.
        return reason is LeaveReasons.Shutdown
            ? marked is NoticeKinds.Redeploy or NoticeKinds.Reboot
            : gravity >= 0 && gravity < ByGravity.IndexOf(reason is LeaveReasons.Reboot ? NoticeKinds.Reboot : reason);
    }

    private static string? MarkedAs(V1Node node) => node.Metadata.Annotations?.GetValueOrDefault(Marks.Notice)?.Split(' ')[0];

    private static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static DateTimeOffset? Read(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;
}
