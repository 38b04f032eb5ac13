using Ebb.Planning;
using Microsoft.Extensions.Logging;

namespace Ebb.Acting;

/// <summary>Leave to remove a machine: given by a last look at its node, withdrawn when the machine stays after all.</summary>
internal sealed partial class Clearance(IKubernetes kubernetes, TimeProvider time, ILogger logger)
{
    private static readonly NodeChange NotIdle = new()
    {
        Retiring = "",
        Annotations = new Dictionary<string, string?>
        {
            [Marks.RetiringSince] = null,
            [Marks.IdleSince] = null,
            [Marks.Removing] = null,
        },
    };

    private static readonly NodeChange NotRemoving = new()
    {
        Annotations = new Dictionary<string, string?> { [Marks.Removing] = null },
    };

    /// <returns>False when the machine is to stay; what its node needs for that has been done.</returns>
    public async Task<bool> AskAsync(Departure departure, CancellationToken term)
    {
        if (departure.Node is not { } node)
        {
            return true;
        }

        // Marked before the last look, not after it: nothing is to lie between that look and the removal.
        var mark = new Dictionary<string, string?> { [Marks.Removing] = NodeChanges.Rfc3339(time.GetUtcNow()) };
        if (await kubernetes.ChangeNodeAsync(node, new NodeChange { Annotations = mark }, term) is ChangeResult.Gone)
        {
            LogNotAsPlanned(node);
            return false;
        }

        switch (await LastLook.AtAsync(kubernetes, node, departure, time.GetUtcNow(), term))
        {
            case LastLook.Clear:
                return true;
            case LastLook.Work work:
                LogReleaseBusy(node, work.Pod);
                await kubernetes.ChangeNodeAsync(node, NotIdle, term);
                return false;
            default:
                // Another picture than the one planned on. The next plan sees it too.
                LogNotAsPlanned(node);
                await kubernetes.ChangeNodeAsync(node, NotRemoving, term);
                return false;
        }
    }

    /// <summary>The machines stay: their nodes are not to bear the mark of those that go.</summary>
    public async Task WithdrawAsync(IEnumerable<Departure> staying, CancellationToken term)
    {
        foreach (var departure in staying)
        {
            if (departure.Node is { } node)
            {
                await kubernetes.ChangeNodeAsync(node, NotRemoving, term);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "Released {Node}: a last look before its removal found pod {Pod}")]
    private partial void LogReleaseBusy(string node, string pod);

    [LoggerMessage(LogLevel.Information, "Kept {Node} for now: it is not as it was planned on")]
    private partial void LogNotAsPlanned(string node);
}
