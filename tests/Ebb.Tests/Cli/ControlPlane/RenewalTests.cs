using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.ControlPlane.Pki;

namespace Ebb.Tests.Cli.ControlPlane;

public sealed class RenewalTests : IDisposable
{
    private readonly PkiLab _lab = new();

    public RenewalTests()
    {
        _lab.Options = _lab.Options with { ApiServerHosts = ["10.1.0.7", "api.example.org"], EtcdMembers = ["a", "b"] };
        _lab.Ensure();
        _lab.Time.Advance(TimeSpan.FromDays(100));
    }

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void Everything_renewed_says_what_it_said_with_another_key_for_another_year()
    {
        var before = PkiInventory.Read(_lab.Files, _lab.Time).Where(entry => entry.Authority is not null).ToList();
        var keys = _lab.Everything();

        Renewal.Renew(_lab.Files, [.. before.Select(entry => entry.Name)], _lab.Time);

        var after = PkiInventory.Read(_lab.Files, _lab.Time).Where(entry => entry.Authority is not null).ToList();
        Assert.Equal(before.Select(entry => (entry.Name, entry.Subject)), after.Select(entry => (entry.Name, entry.Subject)));
        Assert.All(after, entry => Assert.Equal(PkiLab.Start.AddDays(465), entry.Until));
        var now = _lab.Everything();
        string[] same = ["pki/ca.crt", "pki/ca-signing.crt", "pki/ca.key", "pki/front-proxy-ca.crt", "pki/front-proxy-ca.key", "pki/etcd/ca.crt", "pki/etcd/ca.key", "pki/sa.key", "pki/sa.pub", "encryption.yaml", "audit-policy.yaml"];
        Assert.Equal(same.Order(StringComparer.Ordinal), now.Keys.Where(name => now[name] == keys[name]).Order(StringComparer.Ordinal));

        // Subjects, names, uses and signatures are all as they have to be: there is nothing to mend.
        Assert.Empty(_lab.Ensure());
    }

    [Fact]
    public void Only_what_is_named_is_renewed()
    {
        var before = _lab.Everything();

        Renewal.Renew(_lab.Files, ["etcd/peer", "scheduler.conf"], _lab.Time);

        var now = _lab.Everything();
        Assert.Equal(["pki/etcd/peer.crt", "pki/etcd/peer.key", "scheduler.conf"], now.Keys.Where(name => now[name] != before[name]).Order());
    }

    [Fact]
    public void A_key_stays_of_its_kind()
    {
        File.Delete(_lab.Files.Certificate("front-proxy-client"));
        _lab.Options = _lab.Options with { KeyAlgorithm = KeyAlgorithm.Rsa };
        _lab.Ensure();

        Renewal.Renew(_lab.Files, ["front-proxy-client", "apiserver"], _lab.Time);

        using var rsa = _lab.Certificate("front-proxy-client");
        using var ecdsa = _lab.Certificate("apiserver");
        Assert.NotNull(rsa.GetRSAPublicKey());
        Assert.NotNull(ecdsa.GetECDsaPublicKey());
    }

    [Theory]
    [InlineData("nosuch", "There is no certificate 'nosuch'")]
    [InlineData("ca", "is an authority")]
    [InlineData("sa", "There is no certificate 'sa'")]
    public void A_name_that_means_nothing_here_changes_nothing(string name, string says)
    {
        var before = _lab.Everything();

        var e = Assert.Throws<EbbException>(() => Renewal.Renew(_lab.Files, ["apiserver", name], _lab.Time));

        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.Equal(before, _lab.Everything());
    }

    [Fact]
    public void What_cannot_be_read_cannot_be_renewed_as_it_was()
    {
        File.WriteAllText(_lab.Files.Certificate("apiserver"), "nonsense");

        var e = Assert.Throws<EbbException>(() => Renewal.Renew(_lab.Files, ["apiserver"], _lab.Time));

        Assert.Contains("unreadable", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_list_says_what_is_due_and_what_is_wrong()
    {
        File.Delete(_lab.Files.Certificate("etcd/peer"));
        File.WriteAllText(_lab.Files.Kubeconfig("scheduler"), "nonsense");
        Renewal.Renew(_lab.Files, ["admin.conf"], _lab.Time);
        Assert.Equal(PkiCondition.Valid, Condition("apiserver"));
        _lab.Time.Advance(TimeSpan.FromDays(150));

        Assert.Equal(PkiCondition.Due, Condition("apiserver"));
        Assert.Equal(PkiCondition.Valid, Condition("admin.conf"));
        Assert.Equal(PkiCondition.Missing, Condition("etcd/peer"));
        Assert.Equal(PkiCondition.Unreadable, Condition("scheduler.conf"));
        _lab.Time.Advance(TimeSpan.FromDays(120));
        Assert.Equal(PkiCondition.Expired, Condition("apiserver"));

        PkiCondition Condition(string name) => PkiInventory.Read(_lab.Files, _lab.Time).Single(entry => entry.Name == name).Condition;
    }

    [Fact]
    public void Another_service_account_key_signs_and_the_one_before_is_believed_until_it_is_forgotten()
    {
        var (oldKey, oldPublic) = (File.ReadAllText(_lab.Files.ServiceAccountKey), File.ReadAllText(_lab.Files.ServiceAccountPublicKeys));

        ServiceAccountKeys.Rotate(_lab.Files);

        using var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(_lab.Files.ServiceAccountKey));
        var newPublic = key.ExportSubjectPublicKeyInfoPem() + "\n";
        Assert.NotEqual(oldKey, File.ReadAllText(_lab.Files.ServiceAccountKey));
        Assert.Equal(newPublic + oldPublic, File.ReadAllText(_lab.Files.ServiceAccountPublicKeys));
        Assert.Empty(_lab.Ensure());

        Assert.Equal(1, ServiceAccountKeys.ForgetOld(_lab.Files));
        Assert.Equal(newPublic, File.ReadAllText(_lab.Files.ServiceAccountPublicKeys));
        Assert.Equal(0, ServiceAccountKeys.ForgetOld(_lab.Files));
    }

    [Fact]
    public void Another_encryption_key_comes_first_and_the_old_one_goes_last()
    {
        var old = Assert.Single(EncryptionFile.Read(_lab.Files).Keys);

        EncryptionFile.AddKey(_lab.Files);

        var both = EncryptionFile.Read(_lab.Files).Keys;
        Assert.Equal(["key-2", "key-1"], both.Select(key => key.Name));
        Assert.Equal(old, both[1]);
        Assert.All(both, key => Assert.Equal(32, Convert.FromBase64String(key.Secret).Length));
        EncryptionFile.DropOldKeys(_lab.Files);
        Assert.Equal(both[0], Assert.Single(EncryptionFile.Read(_lab.Files).Keys));
        Assert.DoesNotContain(both[0].Secret, both[0].ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense: [")]
    [InlineData("resources: [{resources: [secrets], providers: [{identity: {}}]}]")]
    [InlineData("resources: [{providers: [{secretbox: {keys: [{name: k, secret: s}]}}]}]")]
    public void Encryption_keys_that_someone_edited_are_left_to_them(string content)
    {
        File.WriteAllText(_lab.Files.Encryption, content);

        var e = Assert.Throws<EbbException>(() => EncryptionFile.AddKey(_lab.Files));

        Assert.Contains("edited by hand", e.Message, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(_lab.Files.Encryption));
    }

    [Fact]
    public void Each_component_is_named_once_and_in_the_order_of_restarts()
    {
        Assert.Equal(["etcd", "kube-apiserver", "kube-controller-manager"], PkiReaders.Of(["sa", "apiserver", "etcd/peer", "etcd/server", "admin.conf"]));
        Assert.Empty(PkiReaders.Of(["admin.conf", "ebb.conf"]));
    }
}
