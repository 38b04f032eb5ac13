using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>Private keys of the two kinds that all of Kubernetes understands.</summary>
internal static class Keys
{
    public static AsymmetricAlgorithm Create(KeyAlgorithm algorithm) => algorithm switch
    {
        KeyAlgorithm.Ecdsa => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        KeyAlgorithm.Rsa => RSA.Create(2048),
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, null),
    };

    public static string Pem(AsymmetricAlgorithm key) => key.ExportPkcs8PrivateKeyPem() + "\n";

    public static string PublicPem(AsymmetricAlgorithm key) => key.ExportSubjectPublicKeyInfoPem() + "\n";

    public static bool IsRsa(PublicKey key) => key.Oid.Value == "1.2.840.113549.1.1.1";

    /// <summary>Reads a private key as anything writes it: PKCS#8, PKCS#1 or SEC 1.</summary>
    /// <exception cref="CryptographicException">It is none of these.</exception>
    public static AsymmetricAlgorithm Read(string pem)
    {
        AsymmetricAlgorithm[] kinds = [ECDsa.Create(), RSA.Create()];
        foreach (var (kind, other) in new[] { (kinds[0], kinds[1]), (kinds[1], kinds[0]) })
        {
            try
            {
                kind.ImportFromPem(pem);
                other.Dispose();
                return kind;
            }
            catch (Exception e) when (e is CryptographicException or ArgumentException)
            {
                // Then it is of the other kind, or none.
            }
        }

        throw new CryptographicException("There is no private key in it, or one of a kind that Kubernetes does not use.");
    }

    /// <summary>Makes signatures with a certificate's private key.</summary>
    public static X509SignatureGenerator Signer(AsymmetricAlgorithm key) => key switch
    {
        ECDsa ecdsa => X509SignatureGenerator.CreateForECDsa(ecdsa),
        RSA rsa => X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1),
        _ => throw new NotSupportedException($"{key.GetType().Name} signs no certificates here."),
    };
}
