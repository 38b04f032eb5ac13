using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Provisioning;
using Ebb.Simulation;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>What lies in a cluster's directory, and is copied to it, in each phase of a rotation.</summary>
public sealed class KeyRotationTests : IDisposable
{
    private readonly VirtualTime _time = new();
    private readonly KeysCase _case;

    public KeyRotationTests()
    {
        _case = new KeysCase(_time);
        _case.Ensure();
    }

    private ClusterHome Home => _case.Home;

    private ClusterKeys Keys => _case.Keys;

    [Fact]
    public void While_the_join_authority_changes_machines_of_either_believe_the_join_server()
    {
        var old = Keys.JoinAuthorityPem;
        string[] said = [];

        foreach (var phase in new[] { JoinAuthorities.Offered, JoinAuthorities.Pinned, JoinAuthorities.Waiting })
        {
            Put(JoinAuthorities.What, phase);
            _case.Ensure();
            said = [.. said, Keys.JoinAuthorityPem == old ? "old" : "new"];

            var all = Certificates(_case.Texts()[SystemShare.JoinAuthority]);
            Assert.Equal(2, all.Count);
            Assert.Equal(old, all[0].ExportCertificatePem() + "\n");
            Assert.All(all, authority => Assert.True(Vouches(authority)));
        }

        Assert.Equal(["old", "new", "new"], said);
    }

    [Fact]
    public void Afterwards_the_old_join_authority_vouches_for_nothing_and_its_key_is_gone()
    {
        using var old = X509Certificate2.CreateFromPem(Keys.JoinAuthorityPem);
        Put(JoinAuthorities.What, JoinAuthorities.Offered);
        _case.Ensure();

        Put(JoinAuthorities.What, JoinAuthorities.Dropped);
        _case.Ensure();
        var dropped = _case.Texts();
        (KeyState.Read(Home) with { JoinAuthority = 2, Rotations = KeyState.NoRotations }).Write(Home);
        _case.Ensure();

        Assert.False(Vouches(old));
        Assert.True(Vouches(Assert.Single(Certificates(dropped[SystemShare.JoinAuthority]))));
        Assert.Equal([SystemShare.KeyChanges], _case.Texts().Where(file => dropped[file.Key] != file.Value).Select(file => file.Key));
        Assert.False(File.Exists(Path.Combine(Home.Keys, "pki", "join-ca.key")));
    }

    [Fact]
    public void A_lost_state_is_an_error_and_never_another_authority()
    {
        Put(JoinAuthorities.What, JoinAuthorities.Dropped);
        _case.Ensure();
        File.Delete(Path.Combine(Home.Keys, "state.json"));

        Assert.Contains("from one backup", Assert.Throws<EbbException>(() => _case.Ensure()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Certificates_are_made_anew_once_for_a_rotation_and_the_authorities_stay()
    {
        var before = _case.Texts();
        _time.Advance(TimeSpan.FromHours(1));
        Put(ClusterKeys.Certificates, "spread");

        _case.Ensure();
        var after = _case.Texts();
        _case.Ensure();

        Assert.Equal(
            [SystemShare.KeyChanges, SystemShare.ControllerKubeconfig, SystemShare.JoinCertificate, SystemShare.JoinKey],
            after.Where(file => before[file.Key] != file.Value).Select(file => file.Key).Order(StringComparer.Ordinal));
        Assert.Equal(after, _case.Texts());
    }

    [Theory]
    [InlineData("join-server")]
    [InlineData("operator")]
    [InlineData("controller")]
    public void A_certificate_whose_key_was_written_and_itself_not_is_made_anew(string name)
    {
        var path = Path.Combine(Home.Keys, "pki", name);
        var old = File.ReadAllText(path + ".crt");
        _time.Advance(TimeSpan.FromHours(1));
        Put(ClusterKeys.Certificates, "spread");
        _case.Ensure();
        Clear();
        File.WriteAllText(path + ".crt", old);

        _case.Ensure();

        using var paired = X509Certificate2.CreateFromPem(File.ReadAllText(path + ".crt"), File.ReadAllText(path + ".key"));
        Assert.NotEqual(old, File.ReadAllText(path + ".crt"));
    }

    [Fact]
    public void The_pair_for_logging_in_is_put_aside_once_however_often_it_is_interrupted()
    {
        var old = SshKeys.Public(null, Home);
        var path = Path.Combine(Home.Keys, "ssh");
        var secret = File.ReadAllText(path);

        // Cut short after the first move.
        File.Move(path, path + ".previous");
        SshKeys.Replace(Home);
        var made = SshKeys.Public(null, Home);
        SshKeys.Replace(Home);

        Assert.NotEqual(old, made);
        Assert.Equal(made, SshKeys.Public(null, Home));
        Assert.Equal(secret, File.ReadAllText(SshKeys.Previous(Home)!));
        SshKeys.ForgetPrevious(Home);
        Assert.Null(SshKeys.Previous(Home));
    }

    [Fact]
    public void Passwords_are_put_aside_once_however_often_it_is_interrupted()
    {
        var before = _case.Texts();
        var server = Path.Combine(Home.Keys, "server-token");

        // Cut short after the first of both.
        File.Move(server, server + ".previous");
        Keys.ReplacePasswords();
        _case.Ensure();
        var after = _case.Texts();
        Keys.ReplacePasswords();
        _case.Ensure();

        Assert.Equal([SystemShare.AgentToken, SystemShare.ServerToken], after.Where(file => before[file.Key] != file.Value).Select(file => file.Key).Order(StringComparer.Ordinal));
        Assert.Equal(after, _case.Texts());
        Assert.Equal(before[SystemShare.ServerToken], File.ReadAllText(server + ".previous"));
        Keys.ForgetPreviousPasswords();
        Assert.False(File.Exists(server + ".previous"));
    }

    public void Dispose() => _case.Dispose();

    private void Put(string what, string phase)
    {
        var state = KeyState.Read(Home);
        (state with { Rotations = state.Rotations.SetItem(what, new Rotation(_time.GetUtcNow(), phase)) }).Write(Home);
    }

    private void Clear() => (KeyState.Read(Home) with { Rotations = KeyState.NoRotations }).Write(Home);

    private static X509Certificate2Collection Certificates(string pem)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(pem);
        return all;
    }

    /// <summary>As a machine judges that knows this authority and nothing else.</summary>
    private bool Vouches(X509Certificate2 authority)
    {
        var shown = Certificates(_case.Texts()[SystemShare.JoinCertificate]);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.ExtraStore.AddRange(shown);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = _time.GetUtcNow().UtcDateTime;
        return chain.Build(shown[0]);
    }
}
