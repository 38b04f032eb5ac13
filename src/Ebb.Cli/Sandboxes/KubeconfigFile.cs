using System.Text;
using Ebb.Sandbox.Certificates;

namespace Ebb.Cli.Sandboxes;

/// <summary>Writes a kubeconfig with all certificates in it, so that it can be copied elsewhere.</summary>
internal static class KubeconfigFile
{
    public static string Of(string name, Uri server, Authority authority)
    {
        using var admin = authority.IssueClient("ebb-admin", "system:masters");
        return $"""
            apiVersion: v1
            kind: Config
            current-context: ebb-{name}
            clusters:
            - name: ebb-{name}
              cluster:
                server: {server.GetLeftPart(UriPartial.Authority)}
                certificate-authority-data: {Base64(authority.CertificatePem)}
            users:
            - name: ebb-{name}
              user:
                client-certificate-data: {Base64(Authority.Pem(admin))}
                client-key-data: {Base64(Authority.KeyPem(admin))}
            contexts:
            - name: ebb-{name}
              context:
                cluster: ebb-{name}
                user: ebb-{name}

            """;
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
