using System.Security.Cryptography.X509Certificates;

namespace Ebb.Cli.Clusters;

/// <summary>Makes the transport to Azure.</summary>
internal static class AzureHttp
{
    /// <param name="authorityFile">The only authority to trust, as PEM; null for those that the system trusts.</param>
    public static SocketsHttpHandler Handler(string? authorityFile)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(15) };
        if (authorityFile is not null)
        {
            var trusted = new X509Certificate2Collection();
            trusted.ImportFromPemFile(authorityFile);
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(trusted);
            handler.UseProxy = false;
        }

        return handler;
    }
}
