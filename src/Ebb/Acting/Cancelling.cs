namespace Ebb.Acting;

/// <summary>Cancelling without leaving the thread.</summary>
public static class Cancelling
{
    /// <summary>
    /// Cancels on this very thread. <c>CancelAsync</c> goes by way of the thread pool, and under the simulation's clock
    /// everything must stay on one thread.
    /// </summary>
    public static void CancelHere(this CancellationTokenSource source) => source.Cancel();
}
