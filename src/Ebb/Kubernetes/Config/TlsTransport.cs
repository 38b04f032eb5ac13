using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Ebb.Kubernetes.Config;

/// <summary>How to reach a server and whom to trust there.</summary>
internal sealed record TlsSettings
{
    /// <summary>Null: what the operating system trusts.</summary>
    public X509Certificate2Collection? Authority { get; init; }

    public string? AuthorityPem { get; init; }

    public bool Insecure { get; init; }

    /// <summary>The name in the server's certificate, when it is not that in the URL.</summary>
    public string? ServerName { get; init; }

    /// <summary>Null: what the environment says.</summary>
    public Uri? Proxy { get; init; }

    public bool Compress { get; init; } = true;
}

internal static class TlsTransport
{
    public static HttpMessageHandler Make(TlsSettings tls, X509Certificate2? client)
    {
        var handler = new SocketsHttpHandler
        {
            // A credential must not follow a redirect to who knows where; the API server sends none.
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = tls.Compress ? DecompressionMethods.GZip : DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(90),
        };
        if (tls.Proxy is { } proxy)
        {
            handler.Proxy = new WebProxy(proxy)
            {
                Credentials = proxy.UserInfo.Split(':', 2) is [{ Length: > 0 } user, .. var rest]
                    ? new NetworkCredential(Uri.UnescapeDataString(user), Uri.UnescapeDataString(rest.FirstOrDefault() ?? ""))
                    : null,
            };
        }

        if (client is not null)
        {
            handler.SslOptions.ClientCertificates = [client];
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => client;
        }

        if (tls.Insecure)
        {
#pragma warning disable CA5359 // The kubeconfig says insecure-skip-tls-verify.
            handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (tls.Authority is { } authority)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, presented, errors) =>
                certificate is X509Certificate2 server
                && (errors & (SslPolicyErrors.RemoteCertificateNameMismatch | SslPolicyErrors.RemoteCertificateNotAvailable)) == 0
                && IsIssuedBy(authority, server, presented);
        }

        return handler;
    }

    /// <summary>Only the cluster's own authority counts: one that the operating system trusts may vouch for anybody.</summary>
    private static bool IsIssuedBy(X509Certificate2Collection authority, X509Certificate2 server, X509Chain? presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid("1.3.6.1.5.5.7.3.1"));
        if (presented is not null)
        {
            // All that the server has sent: what vouches for its authority in an older one's name is in no chain of the newer one.
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
            foreach (var element in presented.ChainElements)
            {
                chain.ChainPolicy.ExtraStore.Add(element.Certificate);
            }
        }

        return chain.Build(server);
    }
}

/// <summary>A client certificate with its key.</summary>
internal static class ClientPair
{
    /// <param name="what">For the message when it cannot be read.</param>
    public static X509Certificate2 FromPem(string certificate, string key, string what)
    {
        try
        {
            return X509Certificate2.CreateFromPem(certificate, key);
        }
        catch (Exception e) when (e is System.Security.Cryptography.CryptographicException or ArgumentException)
        {
            throw new EbbException($"{what} and its key cannot be read: {e.Message}", e);
        }
    }
}
