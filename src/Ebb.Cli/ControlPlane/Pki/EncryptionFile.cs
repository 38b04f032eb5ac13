using System.Security.Cryptography;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>How the API server encrypts Secrets before etcd sees them.</summary>
internal static class EncryptionFile
{
    /// <summary>Makes the file with a new key where there is none; true then.</summary>
    public static bool Ensure(PkiFiles files)
    {
        if (SecretFile.Read(files.Encryption) is not null)
        {
            return false;
        }

        SecretFile.Write(files.Encryption, Text("key-1", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))));
        return true;
    }

    // The last provider reads what was stored before there was encryption.
    private static string Text(string name, string secret) =>
        $$"""
        apiVersion: apiserver.config.k8s.io/v1
        kind: EncryptionConfiguration
        resources:
        - resources: [secrets]
          providers:
          - secretbox:
              keys:
              - name: {{name}}
                secret: {{secret}}
          - identity: {}

        """;
}
