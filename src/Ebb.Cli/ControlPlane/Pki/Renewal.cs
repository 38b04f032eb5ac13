using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>Issues certificates anew, each as it is: same subject, names and uses, another key, another year.</summary>
internal static class Renewal
{
    /// <summary>Renews what is named, whether it is due or not.</summary>
    /// <exception cref="EbbException">A name means nothing here, or a certificate cannot be read; nothing was changed then.</exception>
    public static ImmutableArray<PkiChange> Renew(PkiFiles files, IReadOnlyCollection<string> names, TimeProvider time)
    {
        using var held = files.TakeLock();
        var entries = PkiInventory.Read(files, time);
        var chosen = names.Select(name => Choose(entries, name)).Distinct().ToList();
        var authorities = chosen.Select(entry => entry.Authority!).Distinct()
            .ToDictionary(name => name, name => AuthorityFiles.Load(files, name, time));
        try
        {
            return [.. chosen.Select(entry => Renew(files, entry, authorities[entry.Authority!], time))];
        }
        finally
        {
            foreach (var authority in authorities.Values)
            {
                authority.Dispose();
            }
        }
    }

    private static PkiEntry Choose(ImmutableArray<PkiEntry> entries, string name)
    {
        var entry = entries.FirstOrDefault(e => e.Name == name)
            ?? throw new EbbException(
                $"There is no certificate '{name}'; there is {string.Join(", ", entries.Where(e => e.Authority is not null).Select(e => e.Name))}.");
        if (entry.Authority is null)
        {
            throw new EbbException($"'{name}' is an authority, which every machine and kubeconfig trusts; it stays for its ten years. Name what it signs.");
        }

        return entry.Condition is PkiCondition.Missing or PkiCondition.Unreadable
            ? throw new EbbException($"'{entry.File}' is {entry.Condition.ToString().ToLowerInvariant()}; it is made again when the cluster starts.")
            : entry;
    }

    private static PkiChange Renew(PkiFiles files, PkiEntry entry, CertificateAuthority authority, TimeProvider time)
    {
        var text = SecretFile.Read(entry.File)!;
        var kubeconfig = entry.Name.EndsWith(".conf", StringComparison.Ordinal) ? KubeconfigFile.Read(text) : null;
        using var old = PkiInventory.Certificate(kubeconfig?.Certificate.CertificatePem ?? text)!;
        var issued = authority.Issue(As(old, entry), Keys.IsRsa(old.PublicKey) ? KeyAlgorithm.Rsa : KeyAlgorithm.Ecdsa, time);
        if (kubeconfig is not null)
        {
            SecretFile.Write(entry.File, (kubeconfig with { AuthorityPem = authority.BundlePem, Certificate = issued }).Write());
        }
        else
        {
            SecretFile.Write(files.Key(entry.Name), issued.KeyPem);
            SecretFile.Write(entry.File, issued.CertificatePem);
        }

        return new PkiChange(entry.Name, $"the one before was valid until {entry.Until:yyyy-MM-dd}");
    }

    private static CertificateSpec As(X509Certificate2 old, PkiEntry entry)
    {
        var parts = CertificateCheck.SubjectOf(old);
        var uses = old.Extensions.OfType<X509EnhancedKeyUsageExtension>()
            .SelectMany(extension => extension.EnhancedKeyUsages.Cast<Oid>()).Select(use => use.Value).ToList();
        var names = old.Extensions.OfType<X509SubjectAlternativeNameExtension>().ToList();
        return new CertificateSpec
        {
            Name = entry.Name,
            Authority = entry.Authority!,
            CommonName = parts.CommonName,
            Organizations = parts.Organizations,
            Server = uses.Contains(CertificateAuthority.ServerAuthentication),
            Client = uses.Contains(CertificateAuthority.ClientAuthentication),
            DnsNames = [.. names.SelectMany(n => n.EnumerateDnsNames())],
            Addresses = [.. names.SelectMany(n => n.EnumerateIPAddresses())],
        };
    }
}
