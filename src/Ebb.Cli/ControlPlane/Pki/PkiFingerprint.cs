using System.Security.Cryptography;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>Tells whether files are still what they were.</summary>
internal static class PkiFingerprint
{
    /// <summary>Of all files that a renewal may write.</summary>
    public static string Of(PkiFiles files) => Of(
    [
        .. Wanted.Authorities.SelectMany(authority => new[] { files.Certificate(authority.Name), files.Key(authority.Name) }),
        .. Wanted.CertificateNames.SelectMany(name => new[] { files.Certificate(name), files.Key(name) }),
        .. Wanted.Users.Select(files.Kubeconfig),
        files.ServiceAccountKey, files.ServiceAccountPublicKeys, files.Encryption, files.AuditPolicy,
    ]);

    /// <summary>Of these files; one that is missing is as good as empty.</summary>
    public static string Of(IEnumerable<string> paths)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in paths)
        {
            hash.AppendData(SHA256.HashData(File.Exists(path) ? File.ReadAllBytes(path) : []));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
