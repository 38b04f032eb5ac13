using Ebb.Acting;
using Ebb.Clouds.Azure;

namespace Ebb.Cli.Operating;

/// <summary>Does work while operations in the cloud are followed to their end: without that nobody hears that one has failed.</summary>
internal static class Following
{
    public static async Task<T> WhileAsync<T>(AzureCloud cloud, Func<Task<T>> work, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var following = cloud.RunAsync(stop.Token);
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
