using System.Globalization;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Controllers;

/// <summary>
/// What has come of a Job's pods so far. Kept beside the Job's status, since pods may be deleted before they are counted.
/// </summary>
internal sealed class JobTally
{
    private readonly HashSet<string> _counted = new(StringComparer.Ordinal);

    public int Succeeded { get; private set; }

    public int Failed { get; private set; }

    /// <summary>Indexes of an Indexed Job that are done.</summary>
    public SortedSet<int> Done { get; } = [];

    /// <summary>Indexes that failed for good, with a limit for each.</summary>
    public SortedSet<int> FailedIndexes { get; } = [];

    /// <summary>Why a rule about failed pods ends the whole Job; null while none does.</summary>
    public string? FailedByPolicy { get; set; }

    public Dictionary<int, int> FailuresByIndex { get; } = [];

    public int FailuresSinceSuccess { get; private set; }

    public DateTimeOffset LastFailure { get; private set; }

    /// <summary>Pods that the controller itself deleted; they are no failures.</summary>
    public HashSet<string> Unwanted { get; } = new(StringComparer.Ordinal);

    public bool IsCounted(string uid) => _counted.Contains(uid);

    public void CountSuccess(PodView pod, int? index)
    {
        if (!_counted.Add(pod.Uid) || (index is { } i && !Done.Add(i)))
        {
            return;
        }

        Succeeded++;
        FailuresSinceSuccess = 0;
    }

    public void CountFailure(PodView pod, int? index, DateTimeOffset at)
    {
        if (!_counted.Add(pod.Uid))
        {
            return;
        }

        Failed++;
        FailuresSinceSuccess++;
        LastFailure = at;
        if (index is { } i)
        {
            FailuresByIndex[i] = FailuresByIndex.GetValueOrDefault(i) + 1;
        }
    }

    /// <summary>Counts for nothing.</summary>
    public void Ignore(PodView pod) => _counted.Add(pod.Uid);

    /// <summary>"0-3,5": how a Job's status lists indexes.</summary>
    public static string Ranges(SortedSet<int> indexes)
    {
        var parts = new List<string>();
        int? from = null, last = null;
        foreach (var index in indexes)
        {
            if (last is { } previous && index != previous + 1)
            {
                parts.Add(Range(from!.Value, previous));
                from = index;
            }

            from ??= index;
            last = index;
        }

        if (last is { } end)
        {
            parts.Add(Range(from!.Value, end));
        }

        return string.Join(',', parts);
    }

    private static string Range(int from, int to) => from == to
        ? from.ToString(CultureInfo.InvariantCulture)
        : from + 1 == to ? $"{from},{to}" : $"{from}-{to}";
}
