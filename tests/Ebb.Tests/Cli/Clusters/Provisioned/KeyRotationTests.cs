using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Provisioning;
using Ebb.Simulation;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>What lies in a cluster's directory, and is copied to it, in each phase of a rotation.</summary>
[Collection(nameof(SandboxHomeTests))]
public sealed class KeyRotationTests : IDisposable
{
    private readonly string? _before = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
    private readonly string _root = Directory.CreateTempSubdirectory("ebb-keys-").FullName;
    private readonly VirtualTime _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly IDisposable _held;
    private readonly ClusterHome _home;
    private readonly ClusterKeys _keys;

    public KeyRotationTests()
    {
        Environment.SetEnvironmentVariable("XDG_STATE_HOME", _root);
        _home = ClusterHome.Of("farm");
        _held = _home.Lock();
        _keys = new ClusterKeys(_home, _time);
        Ensure();
    }

    [Fact]
    public void While_the_join_authority_changes_machines_of_either_believe_the_join_server()
    {
        var old = _keys.JoinAuthorityPem;
        string[] said = [];

        foreach (var phase in new[] { JoinAuthorities.Offered, JoinAuthorities.Pinned, JoinAuthorities.Waiting })
        {
            Put(JoinAuthorities.What, phase);
            Ensure();
            said = [.. said, _keys.JoinAuthorityPem == old ? "old" : "new"];

            var all = Certificates(Shared()[SystemShare.JoinAuthority]);
            Assert.Equal(2, all.Count);
            Assert.Equal(old, all[0].ExportCertificatePem() + "\n");
            Assert.All(all, authority => Assert.True(Vouches(authority)));
        }

        Assert.Equal(["old", "new", "new"], said);
    }

    [Fact]
    public void Afterwards_the_old_join_authority_vouches_for_nothing_and_its_key_is_gone()
    {
        using var old = X509Certificate2.CreateFromPem(_keys.JoinAuthorityPem);
        Put(JoinAuthorities.What, JoinAuthorities.Offered);
        Ensure();

        Put(JoinAuthorities.What, JoinAuthorities.Dropped);
        Ensure();
        var dropped = Shared();
        (KeyState.Read(_home) with { JoinAuthority = 2, Rotations = KeyState.NoRotations }).Write(_home);
        Ensure();

        Assert.False(Vouches(old));
        Assert.True(Vouches(Assert.Single(Certificates(dropped[SystemShare.JoinAuthority]))));
        Assert.Equal(dropped, Shared());
        Assert.False(File.Exists(Path.Combine(_home.Keys, "pki", "join-ca.key")));
    }

    [Fact]
    public void A_lost_state_is_an_error_and_never_another_authority()
    {
        Put(JoinAuthorities.What, JoinAuthorities.Dropped);
        Ensure();
        File.Delete(Path.Combine(_home.Keys, "state.json"));

        Assert.Contains("from one backup", Assert.Throws<EbbException>(Ensure).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Certificates_are_made_anew_once_for_a_rotation_and_the_authorities_stay()
    {
        var before = Shared();
        _time.Advance(TimeSpan.FromHours(1));
        Put(ClusterKeys.Certificates, "spread");

        Ensure();
        var after = Shared();
        Ensure();

        Assert.Equal(
            [SystemShare.ControllerKubeconfig, SystemShare.JoinCertificate, SystemShare.JoinKey],
            after.Where(file => before[file.Key] != file.Value).Select(file => file.Key).Order(StringComparer.Ordinal));
        Assert.Equal(after, Shared());
    }

    [Theory]
    [InlineData("join-server")]
    [InlineData("operator")]
    [InlineData("controller")]
    public void A_certificate_whose_key_was_written_and_itself_not_is_made_anew(string name)
    {
        var path = Path.Combine(_home.Keys, "pki", name);
        var old = File.ReadAllText(path + ".crt");
        _time.Advance(TimeSpan.FromHours(1));
        Put(ClusterKeys.Certificates, "spread");
        Ensure();
        Clear();
        File.WriteAllText(path + ".crt", old);

        Ensure();

        using var paired = X509Certificate2.CreateFromPem(File.ReadAllText(path + ".crt"), File.ReadAllText(path + ".key"));
        Assert.NotEqual(old, File.ReadAllText(path + ".crt"));
    }

    [Fact]
    public void The_pair_for_logging_in_is_put_aside_once_however_often_it_is_interrupted()
    {
        var old = SshKeys.Public(null, _home);
        var path = Path.Combine(_home.Keys, "ssh");
        var secret = File.ReadAllText(path);

        // Cut short after the first move.
        File.Move(path, path + ".previous");
        SshKeys.Replace(_home);
        var made = SshKeys.Public(null, _home);
        SshKeys.Replace(_home);

        Assert.NotEqual(old, made);
        Assert.Equal(made, SshKeys.Public(null, _home));
        Assert.Equal(secret, File.ReadAllText(SshKeys.Previous(_home)!));
        SshKeys.ForgetPrevious(_home);
        Assert.Null(SshKeys.Previous(_home));
    }

    [Fact]
    public void Passwords_are_put_aside_once_however_often_it_is_interrupted()
    {
        var before = Shared();
        var server = Path.Combine(_home.Keys, "server-token");

        // Cut short after the first of both.
        File.Move(server, server + ".previous");
        _keys.ReplacePasswords();
        Ensure();
        var after = Shared();
        _keys.ReplacePasswords();
        Ensure();

        Assert.Equal([SystemShare.AgentToken, SystemShare.ServerToken], after.Where(file => before[file.Key] != file.Value).Select(file => file.Key).Order(StringComparer.Ordinal));
        Assert.Equal(after, Shared());
        Assert.Equal(before[SystemShare.ServerToken], File.ReadAllText(server + ".previous"));
        _keys.ForgetPreviousPasswords();
        Assert.False(File.Exists(server + ".previous"));
    }

    public void Dispose()
    {
        _held.Dispose();
        Environment.SetEnvironmentVariable("XDG_STATE_HOME", _before);
        Directory.Delete(_root, recursive: true);
    }

    private void Ensure() => _keys.Ensure("farm", ["10.1.0.10"]);

    private void Put(string what, string phase)
    {
        var state = KeyState.Read(_home);
        (state with { Rotations = state.Rotations.SetItem(what, new Rotation(_time.GetUtcNow(), phase)) }).Write(_home);
    }

    private void Clear() => (KeyState.Read(_home) with { Rotations = KeyState.NoRotations }).Write(_home);

    private Dictionary<string, string> Shared() => _keys.Shared().ToDictionary(file => file.Path, file =>
    {
        using var reader = new StreamReader(file.Open());
        return reader.ReadToEnd();
    });

    private static X509Certificate2Collection Certificates(string pem)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(pem);
        return all;
    }

    /// <summary>As a machine judges that knows this authority and nothing else.</summary>
    private bool Vouches(X509Certificate2 authority)
    {
        var shown = Certificates(Shared()[SystemShare.JoinCertificate]);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.ExtraStore.AddRange(shown);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = _time.GetUtcNow().UtcDateTime;
        return chain.Build(shown[0]);
    }
}
