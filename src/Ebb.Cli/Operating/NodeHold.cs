using System.Collections.Concurrent;
using System.Security.Cryptography;
using Ebb.Acting;
using Ebb.Acting.Draining;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;

namespace Ebb.Cli.Operating;

/// <summary>
/// Keeps work off nodes, other commands, and the controller from removing their machines, while this command works on them. What was so
/// before is left so afterwards; what a command that was killed has left is taken over once it has said nothing for a while.
/// </summary>
/// <param name="owner">Unlike that of any other command; <see cref="NewOwner"/>.</param>
internal sealed class NodeHold(IKubernetes kubernetes, TimeProvider time, string owner)
{
    private const string Cordon = "cordon";

    private const string Keep = "keep";

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, bool> _renewed = new(StringComparer.Ordinal);

    /// <summary>A name for a command that runs now, by which people know whose it is.</summary>
    public static string NewOwner()
    {
        var person = $"{Environment.UserName}@{Environment.MachineName}";
        return $"{string.Concat(person.Where(c => c is not (',' or '=' or '#') && !char.IsWhiteSpace(c)))}#{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
    }

    /// <summary>Says again and again that this command is at work on what it holds, until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        while (true)
        {
            await Task.Delay(OperatingMark.RenewEvery, time, ct);
            await Task.WhenAll(_renewed.Keys.Select(node => RenewAsync(node, ct)));
        }
    }

    /// <summary>Holds a node, whether or not it was held; waits until it is known whether another command is at work on it.</summary>
    /// <param name="untilStart">Whether it is to stay until the machine is started.</param>
    /// <param name="tell">That it has to be seen whether another command is at work, and whose.</param>
    /// <returns>Null once it is ours, or gone; else who works on it.</returns>
    public Task<string?> PutAsync(string node, bool untilStart, Action<string> tell, CancellationToken ct) => OwnAsync(node, onlyHeld: false, untilStart, tell, ct);

    /// <summary>As <see cref="PutAsync"/>, where a command has left something on the node; else it stays as it is.</summary>
    public Task<string?> TakeOverAsync(string node, Action<string> tell, CancellationToken ct) => OwnAsync(node, onlyHeld: true, untilStart: false, tell, ct);

    /// <summary>Whether nobody has taken it over meanwhile, or off by hand.</summary>
    public async Task<bool> IsOursAsync(string node, CancellationToken ct) => IsOurs(Mark(await kubernetes.NodeAsync(node, ct)));

    /// <summary>Whether there is such a node at all.</summary>
    public async Task<bool> IsThereAsync(string node, CancellationToken ct) => await kubernetes.NodeAsync(node, ct) is not null;

    /// <summary>Takes off what is ours.</summary>
    public async Task TakeOffAsync(string node, CancellationToken ct)
    {
        _renewed.TryRemove(node, out _);
        if (await kubernetes.NodeAsync(node, ct) is not { } found || Mark(found) is not { } mark || !IsOurs(mark))
        {
            return;
        }

        var marks = new Dictionary<string, string?> { [Marks.Operating] = null };
        if (mark.Put.Contains(Keep))
        {
            marks[Marks.Keep] = null;
        }

        if (mark.UntilStart)
        {
            // What it was idle before it was stopped is none of its idle time now: whoever starts it means to use it.
            marks[Marks.IdleSince] = null;
        }

        await kubernetes.ChangeNodeAsync(
            node, new NodeChange { Version = found.Metadata.ResourceVersion, Cordoned = mark.Put.Contains(Cordon) ? false : null, Annotations = marks }, ct);
    }

    /// <summary>Ends the work on a node that stays held: whoever comes next need not wait to see whether somebody is at work.</summary>
    public async Task LeaveAsync(string node, CancellationToken ct)
    {
        _renewed.TryRemove(node, out _);
        if (await kubernetes.NodeAsync(node, ct) is { } found && Mark(found) is { } mark && IsOurs(mark))
        {
            await MarkAsync(found, mark with { Owner = null, Renewed = null }, cordoned: null, ct);
        }
    }

    private async Task<string?> OwnAsync(string node, bool onlyHeld, bool untilStart, Action<string> tell, CancellationToken ct)
    {
        OperatingMark? seen = null;
        var since = time.GetTimestamp();
        while (true)
        {
            var found = await kubernetes.NodeAsync(node, ct);
            var mark = Mark(found);
            if (found is null || (mark is null && onlyHeld))
            {
                return null;
            }

            // By our own clock, from when we saw its last word: clocks differ.
            if (mark is null || mark.Owner is null || IsOurs(mark) || (Same(mark, seen) && time.GetElapsedTime(since) >= OperatingMark.StaleAfter))
            {
                await MarkAsync(found, Ours(found, mark, untilStart), cordoned: true, ct);
                _renewed[node] = true;
                return null;
            }

            if (seen is null)
            {
                (seen, since) = (mark, time.GetTimestamp());
                tell($"{node}: {mark.By} works on it, or did: waiting up to {OperatingMark.StaleAfter.TotalSeconds:0} s to see which.");
            }
            else if (!Same(mark, seen))
            {
                return mark.By;
            }

            await Task.Delay(LookEvery, time, ct);
        }
    }

    private OperatingMark Ours(V1Node node, OperatingMark? before, bool untilStart) => new()
    {
        Put =
        [
            .. before?.Put.Contains(Cordon) is true || node.Spec.Unschedulable is not true ? [Cordon] : Array.Empty<string>(),
            .. before?.Put.Contains(Keep) is true || !IsKept(node) ? [Keep] : Array.Empty<string>(),
        ],
        UntilStart = untilStart || before?.UntilStart is true,
        Owner = owner,
        Renewed = time.GetUtcNow(),
    };

    private async Task RenewAsync(string node, CancellationToken ct)
    {
        try
        {
            if (await kubernetes.NodeAsync(node, ct) is { } found && Mark(found) is { } mark && IsOurs(mark))
            {
                await MarkAsync(found, mark with { Renewed = time.GetUtcNow() }, cordoned: null, ct);
            }
        }
        catch (KubeException)
        {
            // The next one may get through. Who has taken the node over meanwhile is seen before its machine is touched.
        }
    }

    private Task<ChangeResult> MarkAsync(V1Node node, OperatingMark mark, bool? cordoned, CancellationToken ct) => kubernetes.ChangeNodeAsync(
        node.Metadata.Name,
        new NodeChange
        {
            // Of two commands that saw the same, one gets it.
            Version = node.Metadata.ResourceVersion,
            Cordoned = cordoned,
            Annotations = new Dictionary<string, string?> { [Marks.Operating] = $"{mark}", [Marks.Keep] = "true" },
        },
        ct);

    private bool IsOurs(OperatingMark? mark) => mark?.Owner == owner;

    private static OperatingMark? Mark(V1Node? node) => OperatingMark.Read(node?.Metadata.Annotations?.GetValueOrDefault(Marks.Operating));

    private static bool Same(OperatingMark mark, OperatingMark? seen) => seen is not null && (mark.Owner, mark.Renewed) == (seen.Owner, seen.Renewed);

    private static bool IsKept(V1Node node) =>
        string.Equals(node.Metadata.Annotations?.GetValueOrDefault(Marks.Keep), "true", StringComparison.OrdinalIgnoreCase);
}
