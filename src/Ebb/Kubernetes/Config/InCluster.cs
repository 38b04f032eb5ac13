using System.Security.Cryptography.X509Certificates;

namespace Ebb.Kubernetes.Config;

/// <summary>What every pod is given to speak to its own API server.</summary>
internal static class InCluster
{
    private const string Folder = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>Null outside of a cluster.</summary>
    /// <param name="folder">Where the service account is mounted; null for the usual place.</param>
    public static KubeConnection? Find(Func<string, string?> environment, TimeProvider time, string? folder = null)
    {
        folder ??= Folder;
        var (host, port) = (environment("KUBERNETES_SERVICE_HOST"), environment("KUBERNETES_SERVICE_PORT"));
        var token = Path.Combine(folder, "token");
        if (string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port) || !File.Exists(token))
        {
            return null;
        }

        var server = host.Contains(':', StringComparison.Ordinal) ? $"https://[{host}]:{port}" : $"https://{host}:{port}";
        if (!Uri.TryCreate(server, UriKind.Absolute, out var address))
        {
            throw new EbbException($"KUBERNETES_SERVICE_HOST '{host}' and KUBERNETES_SERVICE_PORT '{port}' make no address.");
        }

        var tls = new TlsSettings { Authority = Authority(Path.Combine(folder, "ca.crt")) };
        return new()
        {
            Server = address,
            Namespace = Namespace(Path.Combine(folder, "namespace")),
            Origin = "the pod's service account",
            Transport = certificate => TlsTransport.Make(tls, certificate),
            Credential = new TokenFile(token, time).GetAsync,
        };
    }

    private static X509Certificate2Collection Authority(string path)
    {
        var authority = new X509Certificate2Collection();
        try
        {
            authority.ImportFromPemFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            throw new EbbException($"The cluster's certificate authority '{path}' cannot be read: {e.Message}", e);
        }

        return authority;
    }

    private static string Namespace(string path) =>
        File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } ns ? ns : "default";
}
