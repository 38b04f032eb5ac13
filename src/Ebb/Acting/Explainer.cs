using System.Text.RegularExpressions;
using Ebb.Kubernetes.Objects;
using Ebb.Planning;
using Ebb.Scheduling;
using Microsoft.Extensions.Logging;

namespace Ebb.Acting;

/// <summary>
/// Writes the reasons where people look: as an annotation on each node and as Events about waiting pods. Only when the
/// kind of reason changes, not with each minute that passes, never many at once, and never for long.
/// </summary>
internal sealed partial class Explainer(IKubernetes kubernetes, TimeProvider time, ILogger logger)
{
    // A thousand nodes that change at once are explained within a minute and a half; an API server does not feel it.
    private const int Burst = 50;
    private const double PerSecond = 10;

    // Where each takes long, the decisions that wait behind them matter more.
    private static readonly TimeSpan AtMost = TimeSpan.FromMilliseconds(250);

    private readonly Dictionary<string, HashSet<string>> _told = [];
    private double _allowance = Burst;
    private DateTimeOffset _refilledAt = time.GetUtcNow();
    private long _startedAt;
    private string? _trouble;

    /// <returns>True when something is left to be written, once there is room for it.</returns>
    public async Task<bool> ExplainAsync(Snapshot snapshot, Plan plan, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        _allowance = Math.Min(Burst, _allowance + ((now - _refilledAt).TotalSeconds * PerSecond));
        _refilledAt = now;
        _startedAt = time.GetTimestamp();
        try
        {
            var left = await AnnotateNodesAsync(snapshot, plan, ct) | await TellPodsAsync(plan, ct);
            _trouble = null;
            return left;
        }
        catch (Exception e) when (e is not TermOverException && !(e is OperationCanceledException && ct.IsCancellationRequested))
        {
            // Words only: what had to be done is done, and the next round finds what is missing.
            if (_trouble != e.Message)
            {
                LogNotWritten(_trouble = e.Message);
            }

            return true;
        }
    }

    private async Task<bool> AnnotateNodesAsync(Snapshot snapshot, Plan plan, CancellationToken ct)
    {
        foreach (var node in snapshot.Nodes)
        {
            if (!plan.Reasons.Nodes.TryGetValue(node.Name, out var reason)
                || Kind(node.Annotations.GetValueOrDefault(Marks.Reason)) == Kind(reason))
            {
                continue;
            }

            if (!Take())
            {
                return true;
            }

            var change = new NodeChange { Annotations = new Dictionary<string, string?> { [Marks.Reason] = reason } };
            await kubernetes.ChangeNodeAsync(node.Name, change, ct);
        }

        return false;
    }

    /// <summary>
    /// One Event for each workload and kind of reason, for as long as it waits: a Job with a thousand waiting pods is told
    /// about once, and pods of it that wait for different things do not take turns.
    /// </summary>
    private async Task<bool> TellPodsAsync(Plan plan, CancellationToken ct)
    {
        var current = new HashSet<string>();
        var left = false;
        foreach (var group in plan.Reasons.Pods)
        {
            foreach (var alike in group.Pods.GroupBy(pod => pod.Owner?.Uid ?? pod.Uid))
            {
                current.Add(alike.Key);
                var kind = Kind(group.Reason);
                if (_told.TryGetValue(alike.Key, out var told) && told.Contains(kind))
                {
                    continue;
                }

                if (!Take())
                {
                    left = true;
                    continue;
                }

                var others = alike.Count() - 1;
                var message = others > 0 ? $"{group.Reason} (so do {others} more pods of {alike.First().Owner?.Name})" : group.Reason;
                await kubernetes.TellAsync(About(alike.First()), false, "Waiting", message, ct);
                (_told[alike.Key] = told ?? []).Add(kind);
            }
        }

        foreach (var gone in _told.Keys.Where(uid => !current.Contains(uid)).ToArray())
        {
            _told.Remove(gone);
        }

        return left;
    }

    private bool Take()
    {
        if (_allowance < 1 || time.GetElapsedTime(_startedAt) > AtMost)
        {
            return false;
        }

        _allowance--;
        return true;
    }

    private static V1ObjectReference About(Pod pod) =>
        new() { ApiVersion = "v1", Kind = "Pod", Namespace = pod.Namespace, Name = pod.Name, Uid = pod.Uid };

    /// <summary>A reason without its numbers and times: "idle 59 min" and "idle 1 h 2 min" say the same.</summary>
    private static string Kind(string? reason) => reason is null ? "" : Numbers().Replace(reason, "#");

    [GeneratedRegex("[0-9]+( (h|min|s)( [0-9]+ (min|s))?)?")]
    private static partial Regex Numbers();

    [LoggerMessage(LogLevel.Warning, "Could not write down reasons, will try again: {Error}")]
    private partial void LogNotWritten(string error);
}
