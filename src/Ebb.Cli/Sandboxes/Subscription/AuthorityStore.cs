using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Provisioning;

namespace Ebb.Cli.Sandboxes.Subscription;

/// <summary>
/// What k3s' servers keep in the cluster's store of their authorities. The first server puts its own there; each that starts has its
/// files replaced by these. They change as by <c>k3s certificate rotate-ca</c>, which takes and refuses what the real one does
/// (its pkg/server/handlers/cert.go).
/// </summary>
internal sealed class AuthorityStore(TimeProvider time)
{
    private readonly Lock _lock = new();
    private ImmutableDictionary<string, string> _kept = ImmutableDictionary<string, string>.Empty;

    /// <summary>No cluster has begun.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _kept.IsEmpty;
            }
        }
    }

    /// <summary>A server starts with these files.</summary>
    public void TakeUp(KubernetesAuthorities server)
    {
        lock (_lock)
        {
            if (_kept.IsEmpty)
            {
                _kept = Read(server);
                return;
            }

            foreach (var (name, content) in _kept)
            {
                SecretFile.Write(server.Of(name), content);
            }
        }
    }

    /// <summary>Servers take up these when they next start.</summary>
    /// <exception cref="EbbException">They do not follow from those that are kept.</exception>
    public void Replace(KubernetesAuthorities staged)
    {
        lock (_lock)
        {
            var wanted = Read(staged);
            foreach (var name in SystemShare.Authorities.Where(name => name.EndsWith(".crt", StringComparison.Ordinal)))
            {
                Check(name, Certificates(_kept[name]), Certificates(wanted[name]), wanted[name], wanted[name[..^4] + ".key"]);
            }

            const string serviceKey = "service.key";
            if (!wanted[serviceKey].Contains(_kept[serviceKey].Split("-----END")[0], StringComparison.Ordinal))
            {
                throw Refused(serviceKey, "old ServiceAccount signing key not in new ServiceAccount key list");
            }

            _kept = wanted;
        }
    }

    /// <summary>The cluster is gone.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _kept = _kept.Clear();
        }
    }

    private void Check(string name, X509Certificate2Collection old, X509Certificate2Collection wanted, string pem, string keyPem)
    {
        if (wanted.Count < 2)
        {
            throw Refused(name, "new CA bundle contains only a single certificate but should include root or intermediate CA certificates");
        }

        try
        {
            using var paired = X509Certificate2.CreateFromPem(pem, keyPem);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw Refused(name, $"new CA cert and key cannot be loaded: {e.Message}");
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.CustomTrustStore.AddRange(old.Where(IsRoot).ToArray());
        chain.ChainPolicy.ExtraStore.AddRange(old.Where(certificate => !IsRoot(certificate)).Concat(wanted.Skip(1).Where(certificate => AuthorityOf(certificate) is not null)).ToArray());
        if (!chain.Build(wanted[0]))
        {
            throw Refused(name, "new CA cert cannot be verified using old CA chain");
        }
    }

    private static bool IsRoot(X509Certificate2 certificate) =>
        AuthorityOf(certificate) is not { } authority
        || certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault() is { } own && authority.Span.SequenceEqual(own.SubjectKeyIdentifierBytes.Span);

    private static ReadOnlyMemory<byte>? AuthorityOf(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier;

    private static ImmutableDictionary<string, string> Read(KubernetesAuthorities place) => SystemShare.Authorities.ToImmutableDictionary(
        name => name,
        name => SecretFile.Read(place.Of(name)) ?? throw new EbbException($"k3s certificate rotate-ca: {place.Of(name)}: no such file"));

    private static X509Certificate2Collection Certificates(string pem)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(pem);
        return all;
    }

    private static EbbException Refused(string name, string why) => new($"k3s certificate rotate-ca: failed to validate new CA certificates and keys: {name}: {why}");
}
