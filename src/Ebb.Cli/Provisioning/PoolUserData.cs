using Ebb.Joining;
using Microsoft.Extensions.Logging;

namespace Ebb.Cli.Provisioning;

/// <summary>
/// Keeps in the cloud, for machines yet to come, user data with which they can join: the token in it is renewed long before its
/// time is over. A token of machines that were made already stays valid until then.
/// </summary>
internal sealed partial class PoolUserData(
    BootstrapTokens tokens, Func<BootstrapToken, CancellationToken, Task> publish, TimeProvider time, Random random, ILogger<PoolUserData> logger)
{
    /// <summary>A machine that was ordered takes minutes at most until it asks; three times that for clouds that are slow.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    private static readonly TimeSpan RenewEvery = TimeSpan.FromMinutes(10);

    /// <summary>A token for the first machines.</summary>
    public Task<BootstrapToken> FirstAsync(CancellationToken ct) => CreateAsync(ct);

    /// <summary>Renews until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), time, random);
        while (true)
        {
            await Task.Delay(RenewEvery, time, ct);
            while (true)
            {
                try
                {
                    await publish(await CreateAsync(ct), ct);
                    await tokens.RemoveExpiredAsync(ct);
                    backoff.Succeeded();
                    break;
                }
                catch (Exception e) when (e is HttpRequestException or Kubernetes.KubeException or IOException)
                {
                    // The API server may be away for a while; the token in use lasts until it is back, or machines wait.
                    LogNotRenewed(e.Message);
                    await backoff.FailedAsync(ct);
                }
            }
        }
    }

    private Task<BootstrapToken> CreateAsync(CancellationToken ct) => tokens.CreateAsync(Lifetime, "machines of the pools", ct);

    [LoggerMessage(LogLevel.Warning, "The token with which machines join could not be renewed yet: {Reason}")]
    private partial void LogNotRenewed(string reason);
}
