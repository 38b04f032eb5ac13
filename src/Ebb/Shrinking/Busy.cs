using Ebb.Planning;
using Ebb.Scheduling;

namespace Ebb.Shrinking;

/// <summary>Says what a node that is not idle is kept for.</summary>
internal static class Busy
{
    public static string Why(Standing node, DateTimeOffset now)
    {
        var load = node.Load;
        var kept = node.Node.Ready || node.Joining ? "kept" : "kept, though not ready";
        if (load.Longest is not { } pod)
        {
            return $"{kept}: runs {Words.Count(load.Work, "pod")}";
        }

        var others = load.Protected > 1 ? $", and {load.Protected - 1} more" : "";
        var time = pod.StartedAt is { } started ? $", {Words.Span(now - started)} so far" : ", about to start";
        return pod switch
        {
            { Protection: Protection.Never } => $"{kept}: pod {pod.Name} asks not to be interrupted{others}{time}",
            { Owner: { Kind: "Job", Name: var job } } => $"{kept}: runs job {job}{others}{time}",
            { Owner: { } owner } => $"{kept}: runs pod {pod.Name} of {owner.Kind} {owner.Name}{others}{time}",
            _ => $"{kept}: runs pod {pod.Name}, which nothing would start again{others}{time}",
        };
    }
}
