using System.Security.Cryptography.X509Certificates;
using Ebb.Sandbox.Certificates;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>Plain HTTP to an API server by a user who may do everything.</summary>
internal static class AdminClient
{
    /// <param name="admin">Issued by the same authority as the server's certificate.</param>
    public static HttpClient Create(Uri address, Authority authority, X509Certificate2 admin)
    {
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.Add(authority.Certificate);
        var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.CertificateChainPolicy = trust;
        handler.SslOptions.ClientCertificates = [admin];
        return new HttpClient(handler) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Who a kubeadm cluster's admin.conf speaks for.</summary>
    public static X509Certificate2 IssueAdmin(this Authority authority) => authority.IssueClient("kubernetes-admin", "system:masters");
}
