using Ebb.Acting;
using Ebb.Clouds.Azure;

namespace Ebb.Cli.Operating;

/// <summary>Does work while something else goes on beside it.</summary>
internal static class Following
{
    /// <summary>While operations in the cloud are followed to their end: without that nobody hears that one has failed.</summary>
    public static Task<T> WhileAsync<T>(AzureCloud cloud, Func<Task<T>> work, CancellationToken ct) => WhileAsync(cloud.RunAsync, work, ct);

    /// <param name="beside">Goes on until it is cancelled.</param>
    public static async Task<T> WhileAsync<T>(Func<CancellationToken, Task> beside, Func<Task<T>> work, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var following = beside(stop.Token);
        try
        {
            return await work();
        }
        finally
        {
            stop.CancelHere();
            try
            {
                await following;
            }
            catch (OperationCanceledException)
            {
                // Asked for.
            }
        }
    }
}
