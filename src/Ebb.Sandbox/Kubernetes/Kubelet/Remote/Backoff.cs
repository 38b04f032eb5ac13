namespace Ebb.Sandbox.Kubernetes.Kubelet.Remote;

/// <summary>How long to wait before the next attempt: longer after each failure, jittered.</summary>
internal sealed class Backoff(Random random)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(200);

    // Short beside the minute that an API server may be away: kubelets should be back with it.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private int _failures;

    public void Succeeded() => _failures = 0;

    /// <param name="atLeast">What the server asked for.</param>
    public TimeSpan Next(TimeSpan? atLeast = null)
    {
        var doubled = First * Math.Pow(2, Math.Min(_failures++, 16));
        var delay = (doubled < Longest ? doubled : Longest) * (0.5 + (random.NextDouble() / 2));
        return atLeast > delay ? atLeast.Value : delay;
    }
}
