using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Ebb.Cli.ControlPlane.Supervising;

/// <summary>HTTPS to the control plane's own components: their own authority, perhaps a client certificate.</summary>
internal static class PinnedHttp
{
    /// <param name="authority">PEM file to trust, and nothing else; null trusts any, for a component that makes a certificate of its own at each start and learns nothing from what it is asked.</param>
    public static HttpClient Client(string? authority, string? certificate, string? key, Dial? dial)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = Validation(authority) },
        };
        if (certificate is not null)
        {
            var own = X509Certificate2.CreateFromPemFile(certificate, key);
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => own;
        }

        return new HttpClient(Through(dial, handler)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Lets a handler open its connections by <paramref name="dial"/>, if there is one.</summary>
    public static HttpMessageHandler Through(Dial? dial, HttpMessageHandler handler)
    {
        if (dial is not null && handler is SocketsHttpHandler sockets)
        {
            sockets.UseProxy = false;
            sockets.ConnectCallback = (context, ct) => dial(new IPEndPoint(IPAddress.Parse(context.DnsEndPoint.Host), context.DnsEndPoint.Port), ct);
        }

        return handler;
    }

    private static RemoteCertificateValidationCallback Validation(string? authority)
    {
        if (authority is null)
        {
#pragma warning disable CA5359 // It makes its certificate at each start, in memory: there is nothing to hold it against, and it is told nothing.
            return static (_, _, _, _) => true;
#pragma warning restore CA5359
        }

        var trusted = new X509Certificate2Collection();
        trusted.ImportFromPemFile(authority);
        return (_, certificate, _, errors) =>
        {
            if (certificate is null || (errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0)
            {
                return false;
            }

            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(trusted);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            using var presented = new X509Certificate2(certificate);
            return chain.Build(presented);
        };
    }
}
