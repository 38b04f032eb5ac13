using System.Collections.Immutable;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>
/// All keys, certificates and kubeconfigs of a control plane: three authorities for ten years, everything that they sign for one.
/// </summary>
internal static class ClusterPki
{
    /// <summary>
    /// Makes what is missing and leaves what will do. Certificates that lack a wanted name, are made out to someone else or have
    /// a third of their life left are issued anew; authorities and the service accounts' key are never replaced.
    /// </summary>
    /// <returns>What was written, each with its reason; whoever reads those files must be restarted.</returns>
    /// <exception cref="EbbException">A file that must not be replaced cannot be used; nothing that depends on it was changed.</exception>
    public static ImmutableArray<PkiChange> Ensure(string directory, PkiOptions options, TimeProvider time)
    {
        var files = new PkiFiles(directory);
        files.CreateDirectories();
        using var held = files.TakeLock();
        var changes = ImmutableArray.CreateBuilder<PkiChange>();
        var authorities = new Dictionary<string, CertificateAuthority>();
        try
        {
            foreach (var (name, commonName) in Wanted.Authorities)
            {
                authorities[name] = AuthorityFiles.Ensure(files, name, commonName, options.KeyAlgorithm, time, out var made);
                changes.AddIf(made, name);
            }

            changes.AddRange(EnsureSigning(files, authorities[PkiFiles.ClusterAuthority]));
            changes.AddIf(ServiceAccountKeys.Ensure(files, options.KeyAlgorithm), "sa");
            foreach (var spec in Wanted.Certificates(options))
            {
                changes.AddRange(Ensure(files, spec, authorities[spec.Authority], options, time));
            }

            foreach (var spec in Wanted.Kubeconfigs(options))
            {
                changes.AddRange(Ensure(files, spec, authorities[spec.Certificate.Authority], options, time));
            }

            changes.AddIf(EncryptionFile.Ensure(files), "encryption.yaml");
            changes.AddIf(AuditPolicy.Ensure(files), "audit-policy.yaml");
            return changes.ToImmutable();
        }
        finally
        {
            foreach (var authority in authorities.Values)
            {
                authority.Dispose();
            }
        }
    }

    private static IEnumerable<PkiChange> EnsureSigning(PkiFiles files, CertificateAuthority authority)
    {
        var wanted = authority.Certificate.ExportCertificatePem() + "\n";
        var found = SecretFile.Read(files.SigningCertificate);
        if (found == wanted)
        {
            return [];
        }

        SecretFile.Write(files.SigningCertificate, wanted);
        return [new PkiChange("ca-signing", found is null ? "it was missing" : "the authority changed")];
    }

    private static IEnumerable<PkiChange> Ensure(
        PkiFiles files, CertificateSpec spec, CertificateAuthority authority, PkiOptions options, TimeProvider time)
    {
        var (certificate, key) = (files.Certificate(spec.Name), files.Key(spec.Name));
        if (CertificateCheck.Problem(SecretFile.Read(certificate), SecretFile.Read(key), spec, authority, time) is not { } problem)
        {
            return [];
        }

        var issued = authority.Issue(spec, options.KeyAlgorithm, time);
        SecretFile.Write(key, issued.KeyPem);
        SecretFile.Write(certificate, issued.CertificatePem);
        return [new PkiChange(spec.Name, problem)];
    }

    private static IEnumerable<PkiChange> Ensure(
        PkiFiles files, KubeconfigSpec spec, CertificateAuthority authority, PkiOptions options, TimeProvider time)
    {
        var path = files.Kubeconfig(spec.User);
        var text = SecretFile.Read(path);
        var found = text is null ? null : KubeconfigFile.Read(text);
        var problem = text is null ? "it was missing"
            : found is null ? "it was unreadable"
            : CertificateCheck.Problem(found.Certificate.CertificatePem, found.Certificate.KeyPem, spec.Certificate, authority, time);
        var certificate = problem is null ? found!.Certificate : authority.Issue(spec.Certificate, options.KeyAlgorithm, time);
        var wanted = new KubeconfigFile(options.ClusterName, spec.User, spec.Server, authority.BundlePem, certificate).Write();
        if (wanted == text)
        {
            return [];
        }

        SecretFile.Write(path, wanted);
        return [new PkiChange(spec.Certificate.Name, problem ?? "the cluster's address or authority changed")];
    }

    private static void AddIf(this ImmutableArray<PkiChange>.Builder changes, bool made, string name)
    {
        if (made)
        {
            changes.Add(new PkiChange(name, "it was missing"));
        }
    }
}

/// <summary>Something was written.</summary>
/// <param name="Name">As kubeadm calls it: <c>etcd/server</c>, <c>admin.conf</c>.</param>
/// <param name="Reason">What was wrong with the one before.</param>
internal sealed record PkiChange(string Name, string Reason);
