using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Simulation;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>The state directory is the process's, so these run one after the other with those that set it too.</summary>
[Collection(nameof(SandboxHomeTests))]
public sealed class ClusterKeysTests : IDisposable
{
    private readonly string? _before = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
    private readonly string _root = Directory.CreateTempSubdirectory("ebb-keys-").FullName;
    private readonly VirtualTime _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly IDisposable _held;
    private readonly ClusterHome _home;
    private readonly ClusterKeys _keys;

    public ClusterKeysTests()
    {
        Environment.SetEnvironmentVariable("XDG_STATE_HOME", _root);
        _home = ClusterHome.Of("farm");
        _held = _home.Lock();
        _keys = new ClusterKeys(_home, _time);
        _keys.Ensure("farm", ["10.1.0.10"]);
    }

    [Fact]
    public void Everything_that_the_control_plane_takes_from_the_share_is_there()
    {
        var paths = _keys.Shared().Select(file => file.Path).ToHashSet();

        Assert.Empty(SystemShare.Authorities.Select(name => SystemShare.Pki + name).Except(paths));
        Assert.Superset(
            new HashSet<string> { SystemShare.JoinCertificate, SystemShare.JoinKey, SystemShare.JoinAuthority, SystemShare.ServerToken, SystemShare.AgentToken, SystemShare.ControllerKubeconfig },
            paths);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Whoever_only_looks_renews_nothing(bool make)
    {
        var path = Path.Combine(_root, "ebb.yaml");
        File.WriteAllText(path, Starter.Text(new StarterChoices { Name = "farm" }));
        var file = ClusterFileReader.Read(path, static _ => null);
        SshKeys.Public(null, _home);
        _time.Advance(TimeSpan.FromDays(320));
        var before = Texts();

        ClusterInputs.Gather(file, path, _home, Guid.Empty.ToString(), [], make, _time);

        Assert.Equal(make, !before.SequenceEqual(Texts()));
    }

    [Fact]
    public void Made_again_nothing_changes()
    {
        var before = Texts();

        _keys.Ensure("farm", ["10.1.0.10"]);

        Assert.Equal(before, Texts());
    }

    [Fact]
    public void A_certificate_that_is_about_to_end_or_names_too_few_is_made_anew_and_the_authorities_stay()
    {
        var before = Texts();

        _keys.Ensure("farm", ["10.1.0.10", "10.1.0.11"]);
        var wider = Texts();
        _time.Advance(TimeSpan.FromDays(320));
        _keys.Ensure("farm", ["10.1.0.10", "10.1.0.11"]);

        Assert.Equal([SystemShare.JoinCertificate, SystemShare.JoinKey], Changed(before, wider));
        Assert.Equal([SystemShare.ControllerKubeconfig, SystemShare.JoinCertificate, SystemShare.JoinKey], Changed(wider, Texts()));
    }

    [Fact]
    public void The_join_server_s_certificate_is_signed_by_the_authority_that_machines_know()
    {
        using var certificate = X509Certificate2.CreateFromPem(Texts()[SystemShare.JoinCertificate]);
        using var authority = X509Certificate2.CreateFromPem(_keys.JoinAuthorityPem);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = _time.GetUtcNow().UtcDateTime;

        Assert.True(chain.Build(certificate));
        Assert.True(certificate.MatchesHostname("10.1.0.10"));
    }

    [Fact]
    public void Nobody_else_reads_them()
    {
        Assert.All(
            Directory.EnumerateFiles(_home.Path, "*", SearchOption.AllDirectories),
            file => Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(file) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)));
    }

    [Fact]
    public void The_key_for_logging_in_is_made_once_and_its_public_half_is_in_OpenSSH_s_form()
    {
        var first = SshKeys.Public(null, _home);
        var again = SshKeys.Public(null, _home);

        Assert.Equal(first, again);
        var parts = Assert.Single(first).Split(' ');
        var blob = Convert.FromBase64String(parts[1]);
        using var key = RSA.Create();
        key.ImportFromPem(File.ReadAllText(Path.Combine(_home.Keys, "ssh")));
        Assert.Equal("ssh-rsa", parts[0]);
        Assert.Equal("ssh-rsa"u8.ToArray(), blob[4..11]);
        Assert.Equal(key.ExportParameters(false).Modulus, blob[^key.ExportParameters(false).Modulus!.Length..]);
    }

    [Fact]
    public void Two_do_not_change_one_cluster_at_once()
    {
        Assert.Contains("being changed by another", Assert.Throws<EbbException>(() => _home.Lock()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_kubeconfig_says_where_to_call_and_whom_to_expect()
    {
        _home.WriteKubeconfig(_keys.Kubeconfig("farm", new Uri("https://198.51.100.7:6443"), "farm.eastus.cloudapp.azure.com"));

        var text = _home.ReadKubeconfig()!;
        Assert.Contains("server: \"https://198.51.100.7:6443\"", text, StringComparison.Ordinal);
        Assert.Contains("tls-server-name: \"farm.eastus.cloudapp.azure.com\"", text, StringComparison.Ordinal);
        Assert.Equal(text, Ebb.Cli.ControlPlane.Pki.KubeconfigFile.Read(text)!.Write());
    }

    public void Dispose()
    {
        _held.Dispose();
        Environment.SetEnvironmentVariable("XDG_STATE_HOME", _before);
        Directory.Delete(_root, recursive: true);
    }

    private Dictionary<string, string> Texts() => _keys.Shared().ToDictionary(file => file.Path, file =>
    {
        using var reader = new StreamReader(file.Open());
        return reader.ReadToEnd();
    });

    private static IEnumerable<string> Changed(Dictionary<string, string> before, Dictionary<string, string> after) =>
        after.Where(file => before[file.Key] != file.Value).Select(file => file.Key).Order(StringComparer.Ordinal);
}
