using Ebb.Acting;
using Ebb.Kubernetes.Objects;
using Ebb.Scheduling;

namespace Ebb.Cli.Operating;

/// <summary>
/// Keeps work off a node, and the controller from removing its machine, while a command works on it. What was so before is left so
/// afterwards; what a command that was killed has left is taken off by the next one.
/// </summary>
internal sealed class NodeHold(IKubernetes kubernetes)
{
    private const string Cordon = "cordon";

    private const string Keep = "keep";

    private const string Stopped = "stopped";

    /// <summary>Whether this node's machine was stopped, or was about to be.</summary>
    public static bool IsUntilStart(Node node) => node.Annotations.GetValueOrDefault(Marks.Operating) is { } held && Parts(held).Contains(Stopped);

    /// <param name="untilStart">Whether it is to stay until the machine is started.</param>
    public async Task PutAsync(string node, bool untilStart, CancellationToken ct)
    {
        if (await kubernetes.NodeAsync(node, ct) is not { } found || (Held(found) is { } held && (!untilStart || held.Contains(Stopped))))
        {
            return;
        }

        string[] ours =
        [
            .. Held(found)
                ?? [.. found.Spec.Unschedulable is true ? Array.Empty<string>() : [Cordon], .. IsKept(found) ? Array.Empty<string>() : [Keep]],
            .. untilStart ? [Stopped] : Array.Empty<string>(),
        ];
        var marks = new Dictionary<string, string?> { [Marks.Operating] = string.Join(',', ours), [Marks.Keep] = "true" };
        await kubernetes.ChangeNodeAsync(node, new NodeChange { Cordoned = true, Annotations = marks }, ct);
    }

    public async Task TakeOffAsync(string node, CancellationToken ct)
    {
        if (await kubernetes.NodeAsync(node, ct) is not { } found || Held(found) is not { } ours)
        {
            return;
        }

        var marks = new Dictionary<string, string?> { [Marks.Operating] = null };
        if (ours.Contains(Keep))
        {
            marks[Marks.Keep] = null;
        }

        await kubernetes.ChangeNodeAsync(node, new NodeChange { Cordoned = ours.Contains(Cordon) ? false : null, Annotations = marks }, ct);
    }

    private static string[]? Held(V1Node node) => node.Metadata.Annotations?.GetValueOrDefault(Marks.Operating) is { } held ? Parts(held) : null;

    private static string[] Parts(string held) => held.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static bool IsKept(V1Node node) =>
        string.Equals(node.Metadata.Annotations?.GetValueOrDefault(Marks.Keep), "true", StringComparison.OrdinalIgnoreCase);
}
