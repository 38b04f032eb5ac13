using System.Security.Cryptography;

namespace Ebb.Tests.Cli.ControlPlane;

/// <summary>Taking up a directory that exists, in whatever state it was left.</summary>
public sealed class ClusterPkiAgainTests : IDisposable
{
    private readonly PkiLab _lab = new();

    public ClusterPkiAgainTests() => _lab.Ensure();

    public static TheoryData<string> Writes
    {
        get
        {
            using var lab = new PkiLab();
            lab.Ensure();
            return [.. lab.Everything().Keys.Order(StringComparer.Ordinal)];
        }
    }

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void What_will_do_is_left_alone()
    {
        var before = _lab.Everything();

        Assert.Empty(_lab.Ensure());

        Assert.Equal(before, _lab.Everything());
    }

    [Fact]
    public void Leaves_are_issued_anew_when_a_third_of_their_life_is_left_and_not_before()
    {
        _lab.Time.Advance(TimeSpan.FromDays(243));
        Assert.Empty(_lab.Ensure());

        _lab.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(
            [
                "apiserver", "apiserver-kubelet-client", "apiserver-etcd-client", "etcd/server", "etcd/peer", "etcd/healthcheck-client",
                "front-proxy-client", "admin.conf", "controller-manager.conf", "scheduler.conf", "ebb.conf",
            ],
            _lab.Ensure());
        Assert.Empty(_lab.Ensure());
    }

    [Fact]
    public void Near_its_authority_s_end_a_leaf_ends_with_it()
    {
        _lab.Time.Advance(TimeSpan.FromDays(3600));

        _lab.Ensure();

        using var leaf = _lab.Certificate("apiserver");
        Assert.Equal(PkiLab.Start.AddDays(3650), leaf.NotAfter);
        Assert.Empty(_lab.Ensure());
    }

    [Fact]
    public void A_new_address_gives_a_new_server_certificate_and_leaves_the_others()
    {
        _lab.Options = _lab.Options with { ApiServerHosts = ["10.1.0.7"] };

        Assert.Equal(["apiserver"], _lab.Ensure());
    }

    [Fact]
    public void A_new_port_rewrites_the_kubeconfigs_with_the_certificates_they_had()
    {
        var before = _lab.Kubeconfig("admin");
        _lab.Options = _lab.Options with { Server = new Uri("https://127.0.0.1:7443") };

        Assert.Equal(["admin.conf", "controller-manager.conf", "scheduler.conf", "ebb.conf"], _lab.Ensure());

        Assert.Equal(before with { Server = _lab.Options.Server }, _lab.Kubeconfig("admin"));
    }

    [Fact]
    public void A_newer_release_gives_certificates_with_its_groups()
    {
        _lab.Options = _lab.Options with { KubernetesVersion = new Version(1, 29) };

        Assert.Equal(["apiserver-kubelet-client", "admin.conf", "super-admin.conf"], _lab.Ensure());
    }

    /// <summary>Whichever write an end came before, the next run finishes, and all fits together again.</summary>
    [Theory]
    [MemberData(nameof(Writes))]
    public void A_missing_file_is_made_and_what_hangs_on_it_with_it(string missing)
    {
        File.Delete(Path.Combine(_lab.Files.Directory, missing));
        if (missing is "pki/ca.key" or "pki/front-proxy-ca.key" or "pki/etcd/ca.key")
        {
            // That one is written before its certificate, and never remade under it.
            var e = Assert.Throws<EbbException>(() => _lab.Ensure());
            Assert.Contains(missing, e.Message, StringComparison.Ordinal);
            Assert.Contains("Restore", e.Message, StringComparison.Ordinal);
            return;
        }

        Assert.NotEmpty(_lab.Ensure());

        Assert.True(File.Exists(Path.Combine(_lab.Files.Directory, missing)));
        Assert.Empty(_lab.Ensure());
    }

    [Theory]
    [InlineData("ca")]
    [InlineData("etcd/ca")]
    public void An_authority_whose_certificate_was_lost_still_vouches_for_what_it_signed(string name)
    {
        File.Delete(_lab.Files.Certificate(name));

        Assert.Equal(name, _lab.Ensure()[0]);

        Assert.DoesNotContain(_lab.Ensure(), change => change == "apiserver");
        Assert.Empty(_lab.Ensure());
    }

    [Fact]
    public void A_certificate_and_a_key_of_two_runs_are_told_apart_and_replaced()
    {
        File.Copy(_lab.Files.Key("etcd/peer"), _lab.Files.Key("etcd/server"), overwrite: true);

        Assert.Equal(["etcd/server"], _lab.Ensure());
    }

    [Theory]
    [InlineData("apiserver")]
    [InlineData("etcd/healthcheck-client")]
    public void Half_a_leaf_is_replaced(string name)
    {
        var text = File.ReadAllText(_lab.Files.Certificate(name));
        File.WriteAllText(_lab.Files.Certificate(name), text[..(text.Length / 2)]);

        Assert.Equal([name], _lab.Ensure());
    }

    [Theory]
    [InlineData("")]
    [InlineData("clusters: [")]
    [InlineData("{}")]
    [InlineData("clusters: [{name: a, cluster: {server: nowhere, certificate-authority-data: '%'}}]\nusers: [{name: a, user: {}}]")]
    public void Half_a_kubeconfig_is_replaced(string content)
    {
        File.WriteAllText(_lab.Files.AdminKubeconfig, content);

        Assert.Equal(["admin.conf"], _lab.Ensure());
    }

    [Fact]
    public void A_leaf_of_another_authority_is_replaced()
    {
        using var other = new PkiLab();
        other.Ensure();
        File.Copy(other.Files.Certificate("front-proxy-client"), _lab.Files.Certificate("front-proxy-client"), overwrite: true);
        File.Copy(other.Files.Key("front-proxy-client"), _lab.Files.Key("front-proxy-client"), overwrite: true);

        Assert.Equal(["front-proxy-client"], _lab.Ensure());
    }

    [Fact]
    public void Where_the_signing_key_was_lost_its_tokens_are_still_believed()
    {
        var old = File.ReadAllText(_lab.Files.ServiceAccountPublicKeys);
        File.Delete(_lab.Files.ServiceAccountKey);

        Assert.Equal(["sa"], _lab.Ensure());

        var accepted = File.ReadAllText(_lab.Files.ServiceAccountPublicKeys);
        Assert.EndsWith(old, accepted, StringComparison.Ordinal);
        Assert.Equal(2, accepted.Split("BEGIN PUBLIC KEY").Length - 1);
    }

    [Fact]
    public void A_bundle_of_two_authorities_signs_with_the_one_whose_key_is_there()
    {
        using var other = new PkiLab();
        other.Ensure();
        var bundle = File.ReadAllText(other.Files.Certificate("ca")) + File.ReadAllText(_lab.Files.Certificate("ca"));
        File.WriteAllText(_lab.Files.Certificate("ca"), bundle);

        Assert.Equal(["admin.conf", "controller-manager.conf", "scheduler.conf", "ebb.conf"], _lab.Ensure());

        Assert.Equal(bundle, _lab.Kubeconfig("admin").AuthorityPem);
        Assert.EndsWith(File.ReadAllText(_lab.Files.SigningCertificate), bundle, StringComparison.Ordinal);
    }

    /// <summary>How an authority is changed: trust both, then sign with the new one, then trust it alone.</summary>
    [Fact]
    public void An_authority_can_be_changed_in_three_steps()
    {
        using var next = new PkiLab();
        next.Ensure();
        var (old, @new) = (File.ReadAllText(_lab.Files.Certificate("ca")), File.ReadAllText(next.Files.Certificate("ca")));
        string[] signed = ["apiserver", "apiserver-kubelet-client", "admin.conf", "controller-manager.conf", "scheduler.conf", "ebb.conf"];

        File.WriteAllText(_lab.Files.Certificate("ca"), old + @new);
        Assert.Equal(signed[2..], _lab.Ensure());

        File.Copy(next.Files.Key("ca"), _lab.Files.Key("ca"), overwrite: true);
        Assert.Equal(["ca-signing", .. signed], _lab.Ensure());
        Assert.Equal(@new, File.ReadAllText(_lab.Files.SigningCertificate));

        File.WriteAllText(_lab.Files.Certificate("ca"), @new);
        Assert.Equal(signed[2..], _lab.Ensure());
    }

    [Theory]
    [InlineData("EC PRIVATE KEY")]
    [InlineData("RSA PRIVATE KEY")]
    public void Keys_that_other_tools_made_are_understood(string label)
    {
        using var lab = new PkiLab();
        lab.Files.CreateDirectories();
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        var pem = label[0] is 'E' ? ecdsa.ExportECPrivateKeyPem() : rsa.ExportRSAPrivateKeyPem();
        Assert.Contains(label, pem, StringComparison.Ordinal);
        File.WriteAllText(lab.Files.Key("ca"), pem);
        File.WriteAllText(lab.Files.ServiceAccountKey, pem);

        lab.Ensure();

        Assert.Equal(pem, File.ReadAllText(lab.Files.Key("ca")));
        Assert.Empty(lab.Ensure());
    }

    [Fact]
    public void An_edited_audit_policy_and_the_encryption_keys_stay()
    {
        var secret = File.ReadAllText(_lab.Files.Encryption);
        File.WriteAllText(_lab.Files.AuditPolicy, "edited");

        _lab.Ensure();

        Assert.Equal("edited", File.ReadAllText(_lab.Files.AuditPolicy));
        Assert.Equal(secret, File.ReadAllText(_lab.Files.Encryption));
    }
}
