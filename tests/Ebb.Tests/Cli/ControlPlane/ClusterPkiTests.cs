using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.ControlPlane.Pki;

namespace Ebb.Tests.Cli.ControlPlane;

public sealed class ClusterPkiTests : IDisposable
{
    private const string Server = "1.3.6.1.5.5.7.3.1";
    private const string Client = "1.3.6.1.5.5.7.3.2";

    private readonly PkiLab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData("ca", "CN=kubernetes", "kubernetes")]
    [InlineData("front-proxy-ca", "CN=front-proxy-ca", "front-proxy-ca")]
    [InlineData("etcd/ca", "CN=etcd-ca", "etcd-ca")]
    public void An_authority_signs_itself_for_ten_years(string name, string subject, string san)
    {
        _lab.Ensure();

        using var ca = _lab.Certificate(name);
        Assert.Equal(subject, ca.Subject);
        Assert.Equal(subject, ca.Issuer);
        Assert.Equal(PkiLab.Start.AddMinutes(-5), ca.NotBefore);
        Assert.Equal(PkiLab.Start.AddDays(3650), ca.NotAfter);
        Assert.True(Assert.Single(ca.Extensions.OfType<X509BasicConstraintsExtension>()) is { CertificateAuthority: true, Critical: true });
        Assert.Equal(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment | X509KeyUsageFlags.KeyCertSign,
            Assert.Single(ca.Extensions.OfType<X509KeyUsageExtension>()).KeyUsages);
        Assert.Equal([san], Names(ca));
        Assert.True(Verified(ca, name, []));
    }

    [Theory]
    [InlineData("apiserver", "ca", "CN=kube-apiserver", Server)]
    [InlineData("apiserver-kubelet-client", "ca", "O=system:masters, CN=kube-apiserver-kubelet-client", Client)]
    [InlineData("apiserver-etcd-client", "etcd/ca", "CN=kube-apiserver-etcd-client", Client)]
    [InlineData("etcd/server", "etcd/ca", "CN=etcd-0", Server, Client)]
    [InlineData("etcd/peer", "etcd/ca", "CN=etcd-0", Server, Client)]
    [InlineData("etcd/healthcheck-client", "etcd/ca", "CN=kube-etcd-healthcheck-client", Client)]
    [InlineData("front-proxy-client", "front-proxy-ca", "CN=front-proxy-client", Client)]
    public void A_leaf_has_its_subject_and_uses_and_only_its_own_authority_vouches_for_it(
        string name, string authority, string subject, params string[] uses)
    {
        _lab.Ensure();

        using var leaf = _lab.Certificate(name);
        AssertLeaf(leaf, authority, subject, uses);
        using var pair = X509Certificate2.CreateFromPem(File.ReadAllText(_lab.Files.Certificate(name)), File.ReadAllText(_lab.Files.Key(name)));
        Assert.True(pair.HasPrivateKey);
    }

    [Theory]
    [InlineData("admin", "O=system:masters, CN=kubernetes-admin")]
    [InlineData("controller-manager", "CN=system:kube-controller-manager")]
    [InlineData("scheduler", "CN=system:kube-scheduler")]
    [InlineData("ebb", "CN=ebb")]
    public void A_kubeconfig_holds_a_client_certificate_and_the_cluster_s_authority(string user, string subject)
    {
        _lab.Options = _lab.Options with { LocalServer = new Uri("https://10.1.0.2:6443") };

        _lab.Ensure();

        var kubeconfig = _lab.Kubeconfig(user);
        using var pair = X509Certificate2.CreateFromPem(kubeconfig.Certificate.CertificatePem, kubeconfig.Certificate.KeyPem);
        AssertLeaf(pair, "ca", subject, [Client]);
        Assert.Equal(File.ReadAllText(_lab.Files.Certificate("ca")), kubeconfig.AuthorityPem);
        Assert.Equal(user is "admin" or "ebb" ? _lab.Options.Server : _lab.Options.LocalServer, kubeconfig.Server);
    }

    [Fact]
    public void The_API_server_answers_to_every_name_that_it_is_called_by()
    {
        _lab.Options = _lab.Options with
        {
            Server = new Uri("https://farm.example.org:6443"),
            LocalServer = new Uri("https://10.1.0.2:6443"),
            ApiServerHosts = ["[fd00::2]", "10.1.0.2", "api.example.org"],
            ClusterDomain = "farm.local",
        };

        _lab.Ensure();

        using var leaf = _lab.Certificate("apiserver");
        Assert.Equal(
            ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.farm.local", "localhost", "farm.example.org", "api.example.org"],
            Names(leaf));
        Assert.Equal(
            new[] { "10.96.0.1", "127.0.0.1", "::1", "10.1.0.2", "fd00::2" }.Select(IPAddress.Parse),
            Assert.Single(leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>()).EnumerateIPAddresses());
    }

    [Fact]
    public void All_etcd_members_share_certificates_that_name_each()
    {
        _lab.Options = _lab.Options with { EtcdMembers = ["a", "b", "c"], EtcdHosts = ["10.1.0.3"] };

        _lab.Ensure();

        using var leaf = _lab.Certificate("etcd/peer");
        Assert.Equal("CN=a", leaf.Subject);
        Assert.Equal(["a", "b", "c", "localhost"], Names(leaf));
        Assert.Contains(IPAddress.Parse("10.1.0.3"), leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateIPAddresses());
    }

    [Theory]
    [InlineData("1.28", "system:masters", "system:masters", false)]
    [InlineData("1.29", "kubeadm:cluster-admins", "kubeadm:cluster-admins", true)]
    [InlineData("1.35", "kubeadm:cluster-admins", "kubeadm:cluster-admins", true)]
    [InlineData("1.36", "kubeadm:cluster-admins", null, true)]
    public void The_groups_are_those_of_the_release(string release, string administrators, string? kubeletClient, bool super)
    {
        _lab.Options = _lab.Options with { KubernetesVersion = Version.Parse(release) };

        _lab.Ensure();

        using var admin = X509Certificate2.CreateFromPem(_lab.Kubeconfig("admin").Certificate.CertificatePem);
        using var kubelet = _lab.Certificate("apiserver-kubelet-client");
        Assert.Equal($"O={administrators}, CN=kubernetes-admin", admin.Subject);
        Assert.Equal((kubeletClient is null ? "" : $"O={kubeletClient}, ") + "CN=kube-apiserver-kubelet-client", kubelet.Subject);
        Assert.Equal(super, File.Exists(_lab.Files.Kubeconfig("super-admin")));
        using var first = X509Certificate2.CreateFromPem(
            KubeconfigFile.Read(File.ReadAllText(_lab.Files.FirstKubeconfig(Version.Parse(release))))!.Certificate.CertificatePem);
        Assert.StartsWith("O=system:masters, ", first.Subject, StringComparison.Ordinal);
    }

    [Fact]
    public void RSA_keys_may_be_had_instead_and_leaves_then_encipher_keys_too()
    {
        _lab.Options = _lab.Options with { KeyAlgorithm = KeyAlgorithm.Rsa };

        _lab.Ensure();

        using var leaf = _lab.Certificate("apiserver");
        Assert.Equal(2048, leaf.GetRSAPublicKey()!.KeySize);
        Assert.Equal(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment,
            leaf.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages);
        Assert.True(Verified(leaf, "ca", [Server]));
        Assert.Empty(_lab.Ensure());
    }

    [Fact]
    public void An_authority_signs_for_keys_of_the_other_kind()
    {
        _lab.Ensure();
        File.Delete(_lab.Files.Certificate("apiserver"));
        _lab.Options = _lab.Options with { KeyAlgorithm = KeyAlgorithm.Rsa };

        Assert.Equal(["apiserver"], _lab.Ensure());

        using var leaf = _lab.Certificate("apiserver");
        Assert.NotNull(leaf.GetRSAPublicKey());
        Assert.True(Verified(leaf, "ca", [Server]));
    }

    [Fact]
    public void The_service_accounts_public_key_is_that_of_their_private_key()
    {
        _lab.Ensure();

        using var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(_lab.Files.ServiceAccountKey));
        Assert.Equal(key.ExportSubjectPublicKeyInfoPem() + "\n", File.ReadAllText(_lab.Files.ServiceAccountPublicKeys));
    }

    [Fact]
    public void Serial_numbers_are_long_and_never_the_same()
    {
        _lab.Ensure();

        var serials = Directory.EnumerateFiles(_lab.Files.Directory, "*.crt", SearchOption.AllDirectories)
            .Select(path => X509CertificateLoader.LoadCertificateFromFile(path).SerialNumber).ToList();

        Assert.Equal(10, serials.Distinct().Count());
        Assert.All(serials, serial => Assert.Equal(32, serial.Length));
    }

    [Fact]
    public void Only_the_owner_reads_any_of_it()
    {
        _lab.Ensure();

        foreach (var path in Directory.EnumerateFileSystemEntries(_lab.Root, "*", SearchOption.AllDirectories))
        {
            var others = File.GetUnixFileMode(path) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            Assert.True(others == 0, $"{path}: {others}");
        }

        Assert.DoesNotContain(_lab.Everything().Keys, name => name.EndsWith(".new", StringComparison.Ordinal));
    }

    private void AssertLeaf(X509Certificate2 leaf, string authority, string subject, string[] uses)
    {
        Assert.Equal(subject, leaf.Subject);
        Assert.Equal(PkiLab.Start.AddMinutes(-5), leaf.NotBefore);
        Assert.Equal(PkiLab.Start.AddDays(365), leaf.NotAfter);
        Assert.Equal(X509KeyUsageFlags.DigitalSignature, Assert.Single(leaf.Extensions.OfType<X509KeyUsageExtension>()).KeyUsages);
        Assert.True(leaf.Extensions.OfType<X509KeyUsageExtension>().Single().Critical);
        Assert.Equal(uses, Assert.Single(leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>()).EnhancedKeyUsages.Cast<Oid>().Select(oid => oid.Value));
        Assert.False(Assert.Single(leaf.Extensions.OfType<X509BasicConstraintsExtension>()).CertificateAuthority);
        foreach (var name in new[] { "ca", "front-proxy-ca", "etcd/ca" })
        {
            Assert.Equal(name == authority, Verified(leaf, name, uses));
        }
    }

    private bool Verified(X509Certificate2 certificate, string authority, string[] uses)
    {
        using var ca = _lab.Certificate(authority);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(ca);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = _lab.Time.GetUtcNow().UtcDateTime;
        foreach (var use in uses)
        {
            chain.ChainPolicy.ApplicationPolicy.Add(new Oid(use));
        }

        return chain.Build(certificate);
    }

    private static ImmutableArray<string> Names(X509Certificate2 certificate) =>
        [.. Assert.Single(certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()).EnumerateDnsNames()];
}
