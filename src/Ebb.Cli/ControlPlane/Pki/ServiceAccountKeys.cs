using System.Security.Cryptography;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>The key that signs the tokens of service accounts, and the public keys by which tokens are believed.</summary>
internal static class ServiceAccountKeys
{
    /// <summary>Makes what is missing; false when nothing was.</summary>
    /// <exception cref="EbbException">The key that exists cannot be read; it is never replaced here.</exception>
    public static bool Ensure(PkiFiles files, KeyAlgorithm algorithm)
    {
        var pem = SecretFile.Read(files.ServiceAccountKey);
        using var key = pem is null ? Keys.Create(algorithm) : Read(files.ServiceAccountKey, pem);
        if (pem is null)
        {
            SecretFile.Write(files.ServiceAccountKey, Keys.Pem(key));
        }

        var accepted = SecretFile.Read(files.ServiceAccountPublicKeys) ?? "";
        if (accepted.Contains(Keys.PublicPem(key), StringComparison.Ordinal))
        {
            return pem is null;
        }

        // Tokens that an earlier key signed stay valid.
        SecretFile.Write(files.ServiceAccountPublicKeys, Keys.PublicPem(key) + accepted);
        return true;
    }

    private static AsymmetricAlgorithm Read(string path, string pem)
    {
        try
        {
            return Keys.Read(pem);
        }
        catch (CryptographicException e)
        {
            throw new EbbException(
                $"'{path}' is not readable as a private key: {e.Message} Restore it from a backup, or remove it to sign with a new one.", e);
        }
    }
}
