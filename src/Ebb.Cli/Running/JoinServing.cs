using Ebb.Cli.Clusters;
using Ebb.Controller.Joining;

namespace Ebb.Cli.Running;

/// <summary>The join server of one cluster.</summary>
internal static class JoinServing
{
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(5);

    /// <summary>Starts it over what the target reaches.</summary>
    /// <exception cref="EbbException">Options or files are wrong.</exception>
    public static async Task<Serving> StartAsync(Target target, JoinServerOptions options, CancellationToken ct)
    {
        // An address that a certificate names is asked once, and only that one.
        var issuers = new HttpMessageInvoker(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = ConnectWithin });
        try
        {
            var parts = new JoinServerParts(
                target.Client, target.Kubernetes, target.NewCloud(), target.Scope.SubscriptionId, issuers, target.Time, target.Random, target.Loggers);
            return new Serving(await JoinServer.StartAsync(options, parts, ct), issuers);
        }
        catch (IOException e)
        {
            issuers.Dispose();
            throw new EbbException($"The join server cannot listen on {options.Listen}: {e.Message.TrimEnd('.')}. Give another address with --join-listen.", e);
        }
        catch
        {
            issuers.Dispose();
            throw;
        }
    }

    /// <summary>A join server that listens.</summary>
    public sealed record Serving(JoinServer Server, HttpMessageInvoker Issuers) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            Issuers.Dispose();
        }
    }
}
