using System.Text;
using System.Text.Json;
using Ebb.Cli.Clusters;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>A kubeconfig with one cluster and one user, whose certificate and key are within.</summary>
internal sealed record KubeconfigFile(string Cluster, string User, Uri Server, string AuthorityPem, IssuedCertificate Certificate)
{
    /// <summary>The name in the server's certificate, where that is not the host of <see cref="Server"/>; null where it is.</summary>
    public string? ServerName { get; init; }

    public string Write() =>
        $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: {Quote(Cluster)}
          cluster:
            server: {Quote(Server.GetLeftPart(UriPartial.Authority))}{(ServerName is null ? "" : $"\n    tls-server-name: {Quote(ServerName)}")}
            certificate-authority-data: {Base64(AuthorityPem)}
        users:
        - name: {Quote(User)}
          user:
            client-certificate-data: {Base64(Certificate.CertificatePem)}
            client-key-data: {Base64(Certificate.KeyPem)}
        contexts:
        - name: {Quote($"{User}@{Cluster}")}
          context:
            cluster: {Quote(Cluster)}
            user: {Quote(User)}
        current-context: {Quote($"{User}@{Cluster}")}

        """;

    /// <summary>Reads what <see cref="Write"/> wrote; null for anything else.</summary>
    public static KubeconfigFile? Read(string text)
    {
        try
        {
            var root = Yaml.ToJson(text);
            var (cluster, user) = (root.GetProperty("clusters")[0], root.GetProperty("users")[0]);
            var (place, credential) = (cluster.GetProperty("cluster"), user.GetProperty("user"));
            return new KubeconfigFile(
                cluster.GetProperty("name").GetString()!,
                user.GetProperty("name").GetString()!,
                new Uri(place.GetProperty("server").GetString()!),
                Text(place.GetProperty("certificate-authority-data")),
                new IssuedCertificate(Text(credential.GetProperty("client-certificate-data")), Text(credential.GetProperty("client-key-data"))))
            {
                ServerName = place.TryGetProperty("tls-server-name", out var name) ? name.GetString() : null,
            };
        }
        catch (Exception e) when (e is FormatException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException or ArgumentNullException)
        {
            return null;
        }
    }

    private static string Quote(string text) => "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Text(JsonElement data) => Encoding.UTF8.GetString(Convert.FromBase64String(data.GetString()!));
}
