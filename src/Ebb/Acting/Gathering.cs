using Ebb.Planning;

namespace Ebb.Acting;

/// <summary>
/// Holds growth back while the pods that want it are still coming, so that a burst is one request to the cloud: a controller
/// that creates thousands of pods takes seconds for it.
/// </summary>
internal sealed class Gathering(LoopOptions options)
{
    // API servers and controllers at their limit pause for about a second; a longer pause is an end.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(1.5);

    private int _pods;
    private DateTimeOffset? _since;
    private DateTimeOffset _roseAt;

    /// <summary>Null when growth need not wait, or no longer; else when to look again at the latest.</summary>
    public DateTimeOffset? HoldUntil(Plan plan, DateTimeOffset now)
    {
        var before = _pods;
        _pods = plan.Decisions.Sum(decision => decision is Decision.Grow grow ? grow.ForPods : 0);
        if (_pods == 0)
        {
            _since = null;
            return null;
        }

        _since ??= now;
        _roseAt = _pods > before ? now : _roseAt;
        var until = _roseAt + Silence(_pods);
        var latest = _since.Value + options.GatherAtMost;
        until = until < latest ? until : latest;
        return until > now ? until : null;
    }

    /// <summary>What was held, or was not, has been asked for: what comes now is new.</summary>
    public void Asked() => (_pods, _since) = (0, null);

    /// <summary>A pod by itself waits for nothing; the more have come, the more may follow, and the less a moment counts.</summary>
    private TimeSpan Silence(int pods)
    {
        var silence = options.Quiet * (Math.Log2(pods + 1) - 1);
        return silence < LongestSilence ? silence : LongestSilence;
    }
}
