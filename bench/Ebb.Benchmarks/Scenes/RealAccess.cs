using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Api;

namespace Ebb.Benchmarks.Scenes;

/// <summary>The way to a real API server, from a kubeconfig that holds certificates inline.</summary>
internal sealed class RealAccess : IDisposable
{
    private RealAccess(SocketsHttpHandler handler, Uri server, X509Certificate2 authority) => (Http, Handler, Authority) = (
        new HttpClient(handler) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan }, handler, authority);

    public HttpClient Http { get; }

    /// <summary>The same way, for another client.</summary>
    public SocketsHttpHandler Handler { get; }

    public X509Certificate2 Authority { get; }

    public static RealAccess Read(string path)
    {
        var config = Yaml.Read(File.ReadAllBytes(path))!;
        var cluster = config["clusters"]![0]!["cluster"]!;
        var user = config["users"]![0]!["user"]!;
        var authority = X509Certificate2.CreateFromPem(Pem(cluster["certificate-authority-data"]!));
        var client = X509Certificate2.CreateFromPem(Pem(user["client-certificate-data"]!), Pem(user["client-key-data"]!));
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.Add(authority);
        var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.CertificateChainPolicy = trust;
        handler.SslOptions.ClientCertificates = [client];
        return new RealAccess(handler, new Uri((string)cluster["server"]!), authority);
    }

    public void Dispose()
    {
        Http.Dispose();
        Authority.Dispose();
    }

    private static string Pem(JsonNode base64) => Encoding.ASCII.GetString(Convert.FromBase64String((string)base64!));
}
