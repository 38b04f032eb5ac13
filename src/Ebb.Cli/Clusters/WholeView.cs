using System.Collections.Immutable;
using System.Net;
using Ebb.Clouds;

namespace Ebb.Cli.Clusters;

/// <summary>
/// The cloud as a command that acts on machines has to see it. Where it is throttled, a part of the first look is missing: a pool would seem
/// to have no machines, and the command to have nothing to do.
/// </summary>
internal static class WholeView
{
    // Azure asks to wait for seconds, and after a burst of requests for some minutes.
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(2);

    /// <exception cref="CloudException">It is not to be seen whole in time, or a person must act.</exception>
    public static async Task<CloudView> ReadAsync(ICloud cloud, TimeProvider time, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var last = time.GetElapsedTime(started) > Within;
            try
            {
                var view = await cloud.ReadAsync(ImmutableHashSet<string>.Empty, ct);
                if (view.Complete)
                {
                    return view;
                }

                if (last)
                {
                    throw new CloudException($"The cloud does not show all of its machines: {view.Trouble}. Nothing has been changed; run this again.");
                }
            }
            catch (CloudException e) when (e.Status is HttpStatusCode.TooManyRequests && !last)
            {
                // It says itself when it may be asked again, and is asked no sooner.
            }

            await Task.Delay(AgainAfter, time, ct);
        }
    }
}
