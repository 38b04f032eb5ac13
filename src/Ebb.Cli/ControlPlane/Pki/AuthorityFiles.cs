using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>
/// Finds an authority in its files, or makes it. One that exists is never replaced: it is what every machine and kubeconfig trusts.
/// </summary>
internal static class AuthorityFiles
{
    /// <param name="made">Whether a file was written.</param>
    /// <exception cref="EbbException">A file is missing beside another, unreadable, or the two do not belong together.</exception>
    public static CertificateAuthority Ensure(
        PkiFiles files, string name, string commonName, KeyAlgorithm algorithm, TimeProvider time, out bool made)
    {
        var bundle = SecretFile.Read(files.Certificate(name));
        var keyPem = SecretFile.Read(files.Key(name));
        made = bundle is null;
        if (bundle is not null)
        {
            return Load(files, name, bundle, keyPem, time);
        }

        // The key is written first. Without its certificate it was cut short there, or the certificate was lost: another of the
        // same name and key vouches for all that the lost one signed.
        var key = keyPem is null ? Keys.Create(algorithm) : ReadKey(files.Key(name), keyPem);
        if (keyPem is null)
        {
            SecretFile.Write(files.Key(name), Keys.Pem(key));
        }

        var authority = CertificateAuthority.Create(commonName, key, time);
        SecretFile.Write(files.Certificate(name), authority.BundlePem);
        return authority;
    }

    /// <summary>The authority as it is.</summary>
    public static CertificateAuthority Load(PkiFiles files, string name, TimeProvider time) =>
        Load(
            files,
            name,
            SecretFile.Read(files.Certificate(name)) ?? throw new EbbException($"There is no authority '{files.Certificate(name)}'. Restore it from a backup."),
            SecretFile.Read(files.Key(name)),
            time);

    private static CertificateAuthority Load(PkiFiles files, string name, string bundle, string? keyPem, TimeProvider time)
    {
        var path = files.Certificate(name);
        if (keyPem is null)
        {
            throw new EbbException($"'{path}' is there, but its key '{files.Key(name)}' is not. {Remedy(files, name)}");
        }

        var key = ReadKey(files.Key(name), keyPem);
        var publicKey = key.ExportSubjectPublicKeyInfo();
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(bundle);
        }
        catch (CryptographicException e)
        {
            throw new EbbException($"'{path}' holds no readable certificate: {e.Message} {Remedy(files, name)}", e);
        }

        var own = certificates.FirstOrDefault(c => c.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(publicKey))
            ?? throw new EbbException(certificates.Count == 0
                ? $"'{path}' holds no certificate. {Remedy(files, name)}"
                : $"'{path}' and '{files.Key(name)}' do not belong together. {Remedy(files, name)}");
        if (own.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault() is not { CertificateAuthority: true })
        {
            throw new EbbException($"'{path}' is the certificate of no authority. {Remedy(files, name)}");
        }

        return time.GetUtcNow() < (DateTimeOffset)own.NotAfter
            ? new CertificateAuthority(own, key, bundle)
            : throw new EbbException(
                $"The authority '{path}' was valid until {own.NotAfter.ToUniversalTime():yyyy-MM-dd}. Remove it together with its key to begin " +
                "with a new one; all machines must then join anew.");
    }

    private static AsymmetricAlgorithm ReadKey(string path, string pem)
    {
        try
        {
            return Keys.Read(pem);
        }
        catch (CryptographicException e)
        {
            throw new EbbException($"'{path}' is not readable as a private key: {e.Message} Restore it from a backup.", e);
        }
    }

    private static string Remedy(PkiFiles files, string name) =>
        $"Restore both from a backup. Only where nothing trusts this authority any more: remove '{files.Certificate(name)}' and " +
        $"'{files.Key(name)}', and new ones are made.";
}
