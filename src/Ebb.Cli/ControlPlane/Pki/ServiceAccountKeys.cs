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

    /// <summary>Signs with a new key from now on; tokens that the keys before it signed are still believed.</summary>
    public static void Rotate(PkiFiles files)
    {
        using var held = files.TakeLock();
        using var old = Read(files.ServiceAccountKey, Require(files.ServiceAccountKey));
        using var key = Keys.Create(old is RSA ? KeyAlgorithm.Rsa : KeyAlgorithm.Ecdsa);

        // Believed before it signs: cut short between the two, nothing has changed.
        SecretFile.Write(files.ServiceAccountPublicKeys, Keys.PublicPem(key) + Require(files.ServiceAccountPublicKeys));
        SecretFile.Write(files.ServiceAccountKey, Keys.Pem(key));
    }

    /// <summary>Believes only tokens that the key of today signed; tokens of older keys are void.</summary>
    /// <returns>How many keys are no longer believed.</returns>
    public static int ForgetOld(PkiFiles files)
    {
        using var held = files.TakeLock();
        using var key = Read(files.ServiceAccountKey, Require(files.ServiceAccountKey));
        var accepted = Accepted(files);
        if (accepted > 1)
        {
            SecretFile.Write(files.ServiceAccountPublicKeys, Keys.PublicPem(key));
        }

        return Math.Max(0, accepted - 1);
    }

    /// <summary>How many keys' tokens are believed.</summary>
    public static int Accepted(PkiFiles files) =>
        (SecretFile.Read(files.ServiceAccountPublicKeys) ?? "").Split("-----BEGIN").Length - 1;

    private static string Require(string path) =>
        SecretFile.Read(path) ?? throw new EbbException($"'{path}' is missing; it is made again when the cluster starts.");

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
