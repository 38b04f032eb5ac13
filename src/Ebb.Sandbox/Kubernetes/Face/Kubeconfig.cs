using System.Text;

namespace Ebb.Sandbox.Kubernetes.Face;

/// <summary>Writes kubeconfig files.</summary>
internal static class Kubeconfig
{
    /// <param name="cluster">Also names the context; the user is called admin.</param>
    /// <param name="token">Given too, for clients that take no certificates; null: only the certificate.</param>
    public static string Write(
        string cluster, Uri server, string authorityPem, string certificatePem, string keyPem, string? token)
    {
        var bearer = token is null ? "" : $"\n    token: {Quote(token)}";
        return $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: {Quote(cluster)}
              cluster:
                server: {Quote(server.GetLeftPart(UriPartial.Authority))}
                certificate-authority-data: {Base64(authorityPem)}
            users:
            - name: {Quote(cluster + "-admin")}
              user:
                client-certificate-data: {Base64(certificatePem)}
                client-key-data: {Base64(keyPem)}{bearer}
            contexts:
            - name: {Quote(cluster)}
              context:
                cluster: {Quote(cluster)}
                user: {Quote(cluster + "-admin")}
                namespace: default
            current-context: {Quote(cluster)}

            """;
    }

    private static string Quote(string text) => "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
