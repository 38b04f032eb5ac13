using System.Net;

namespace Ebb.Cli.Clusters.Provisioned.Rollout;

/// <summary>
/// Asks k3s' channel server for the newest release of a channel: <c>GET /v1-release/channels/NAME</c> is redirected to an address that
/// ends in it (k3s' install script asks the same; source: rancher/channelserver).
/// </summary>
internal static class ReleaseChannel
{
    private static readonly Uri Server = new("https://update.k3s.io/");

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <param name="endpoint">The cloud's own; one on this machine has a channel server beside it.</param>
    /// <exception cref="EbbException">It does not say.</exception>
    public static async Task<string> NewestAsync(string channel, Uri endpoint, HttpMessageInvoker http, TimeProvider time, CancellationToken ct)
    {
        var address = new Uri(endpoint.IsLoopback ? endpoint : Server, $"v1-release/channels/{Uri.EscapeDataString(channel)}");
        using var deadline = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            // Of the answer nothing but where it leads to is read.
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            using var answer = await http.SendAsync(request, either.Token);
            if (answer.StatusCode is HttpStatusCode.NotFound)
            {
                throw new EbbException($"k3s has no channel '{channel}'. Correct 'kubernetes.channel', or write 'kubernetes.version'.");
            }

            return (int)answer.StatusCode is >= 300 and < 400 && answer.Headers.Location is { } location && ReleaseIn(location) is { } release
                ? release
                : throw Unknown(channel, address, $"it answered {(int)answer.StatusCode} without naming a release");
        }
        catch (HttpRequestException e)
        {
            throw Unknown(channel, address, e.GetBaseException().Message.TrimEnd('.'));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw Unknown(channel, address, $"it did not answer within {Patience.TotalSeconds} s");
        }
    }

    private static string? ReleaseIn(Uri location)
    {
        var path = location.IsAbsoluteUri ? location.AbsolutePath : location.OriginalString;
        var last = Uri.UnescapeDataString(path[(path.LastIndexOf('/') + 1)..]);
        return K3sRelease.Parse(last)?.ToString();
    }

    private static EbbException Unknown(string channel, Uri address, string why) => new(
        $"The newest release of channel '{channel}' is not known: {address.Host}: {why}. Try again, or name a release: 'kubernetes.version' in ebb.yaml.");
}
