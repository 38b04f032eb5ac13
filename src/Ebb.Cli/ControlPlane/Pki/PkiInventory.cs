using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>Which certificates a control plane has, and until when they are valid.</summary>
internal static class PkiInventory
{
    /// <summary>Authorities first, then what they sign, then the kubeconfigs; a kubeconfig that this release does without is left out.</summary>
    public static ImmutableArray<PkiEntry> Read(PkiFiles files, TimeProvider time) =>
    [
        .. from authority in Wanted.Authorities
           select Of(authority.Name, files.Certificate(authority.Name), authority: null, SecretFile.Read(files.Certificate(authority.Name)), time),
        .. from name in Wanted.CertificateNames
           let entry = Of(name, files.Certificate(name), Wanted.AuthorityOf(name), SecretFile.Read(files.Certificate(name)), time)
           select entry.Subject is null || HasKey(files, name) ? entry : entry with { Condition = PkiCondition.Unpaired },
        .. from user in Wanted.Users
           let file = files.Kubeconfig(user)
           let text = SecretFile.Read(file)
           where text is not null || user != "super-admin"
           select Of($"{user}.conf", file, PkiFiles.ClusterAuthority, text is null ? null : KubeconfigFile.Read(text)?.Certificate.CertificatePem ?? "", time),
    ];

    /// <summary>The first certificate in a file; null for what holds none.</summary>
    public static X509Certificate2? Certificate(string pem)
    {
        try
        {
            return X509Certificate2.CreateFromPem(pem);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static bool HasKey(PkiFiles files, string name)
    {
        try
        {
            using var pair = X509Certificate2.CreateFromPem(SecretFile.Read(files.Certificate(name)), SecretFile.Read(files.Key(name)));
            return pair.HasPrivateKey;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    private static PkiEntry Of(string name, string file, string? authority, string? pem, TimeProvider time)
    {
        using var certificate = pem is null ? null : Certificate(pem);
        var (condition, until) = certificate is null
            ? (pem is null ? PkiCondition.Missing : PkiCondition.Unreadable, (DateTimeOffset?)null)
            : (time.GetUtcNow() >= (DateTimeOffset)certificate.NotAfter ? PkiCondition.Expired
                : CertificateCheck.NearItsEnd(certificate, time) ? PkiCondition.Due
                : PkiCondition.Valid, certificate.NotAfter.ToUniversalTime());
        return new PkiEntry(name, file, authority, certificate?.Subject, until, condition);
    }
}

/// <param name="Name">As kubeadm calls it: <c>etcd/server</c>, <c>admin.conf</c>.</param>
/// <param name="Authority">Who signed it; null for an authority itself.</param>
/// <param name="Subject">Null where it cannot be read.</param>
/// <param name="Until">When it ends; null where it cannot be read.</param>
internal sealed record PkiEntry(string Name, string File, string? Authority, string? Subject, DateTimeOffset? Until, PkiCondition Condition);

internal enum PkiCondition
{
    Valid,

    /// <summary>A third of its life or less is left.</summary>
    Due,
    Expired,

    /// <summary>Its key is missing, unreadable or that of another: a renewal was cut short.</summary>
    Unpaired,
    Missing,
    Unreadable,
}
