using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;
using Ebb.Simulation;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

public sealed class ClusterKeysTests : IDisposable
{
    private static readonly TimeSpan AlmostThreeYears = TimeSpan.FromDays((3 * 365) - 45);

    private readonly VirtualTime _time = new();
    private readonly KeysCase _case;

    public ClusterKeysTests()
    {
        _case = new KeysCase(_time);
        _case.Ensure();
    }

    private ClusterHome Home => _case.Home;

    private ClusterKeys Keys => _case.Keys;

    [Fact]
    public void Everything_that_the_control_plane_takes_from_the_share_is_there()
    {
        var paths = Keys.Shared().Select(file => file.Path).ToHashSet();

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
        var path = Path.Combine(_case.Root, "ebb.yaml");
        File.WriteAllText(path, Starter.Text(new StarterChoices { Name = "farm" }));
        var file = ClusterFileReader.Read(path, static _ => null);
        SshKeys.Public(null, Home);
        _time.Advance(AlmostThreeYears);
        var before = _case.Texts();

        ClusterInputs.Gather(file, path, Home, Guid.Empty.ToString(), [], make, _time);

        Assert.Equal(make, !before.SequenceEqual(_case.Texts()));
    }

    [Fact]
    public void Made_again_nothing_changes()
    {
        var before = _case.Texts();

        _case.Ensure();

        Assert.Equal(before, _case.Texts());
    }

    [Fact]
    public void A_certificate_that_is_about_to_end_or_names_too_few_is_made_anew_and_the_authorities_stay()
    {
        var before = _case.Texts();

        _case.Ensure("10.1.0.10", "10.1.0.11");
        var wider = _case.Texts();
        _time.Advance(AlmostThreeYears);
        _case.Ensure("10.1.0.10", "10.1.0.11");

        Assert.Equal([SystemShare.JoinCertificate, SystemShare.JoinKey], Changed(before, wider));
        Assert.Equal([SystemShare.ControllerKubeconfig, SystemShare.JoinCertificate, SystemShare.JoinKey], Changed(wider, _case.Texts()));
    }

    [Fact]
    public void What_works_without_anybody_by_is_good_for_three_years_and_who_may_do_everything_for_one()
    {
        using var server = X509Certificate2.CreateFromPem(_case.Texts()[SystemShare.JoinCertificate]);
        using var controller = X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(Home.Keys, "pki", "controller.crt")));
        using var you = X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(Home.Keys, "pki", "operator.crt")));

        Assert.Equal([1095, 1095, 365], new[] { server, controller, you }.Select(certificate => (certificate.NotAfter.ToUniversalTime() - _time.GetUtcNow().UtcDateTime).Days));
    }

    [Fact]
    public void The_join_server_s_certificate_is_signed_by_the_authority_that_machines_know()
    {
        using var certificate = X509Certificate2.CreateFromPem(_case.Texts()[SystemShare.JoinCertificate]);
        using var authority = X509Certificate2.CreateFromPem(Keys.JoinAuthorityPem);
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
        File.Delete(_case.ServiceAccountKeyFile);
        _case.Ensure();

        Assert.True(File.Exists(_case.ServiceAccountKeyFile));
        Assert.All(
            Directory.EnumerateFiles(Home.Path, "*", SearchOption.AllDirectories),
            file => Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(file) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)));
    }

    [Fact]
    public void The_key_for_logging_in_is_made_once_and_its_public_half_is_in_OpenSSH_s_form()
    {
        var first = SshKeys.Public(null, Home);
        var again = SshKeys.Public(null, Home);

        Assert.Equal(first, again);
        var parts = Assert.Single(first).Split(' ');
        var blob = Convert.FromBase64String(parts[1]);
        using var key = RSA.Create();
        key.ImportFromPem(File.ReadAllText(Path.Combine(Home.Keys, "ssh")));
        Assert.Equal("ssh-rsa", parts[0]);
        Assert.Equal("ssh-rsa"u8.ToArray(), blob[4..11]);
        Assert.Equal(key.ExportParameters(false).Modulus, blob[^key.ExportParameters(false).Modulus!.Length..]);
    }

    [Fact]
    public void Two_do_not_change_one_cluster_at_once()
    {
        Assert.Contains("being changed by another", Assert.Throws<EbbException>(() => Home.Lock()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whether_somebody_is_at_a_cluster_is_known_without_trying_its_lock()
    {
        var holder = Path.Combine(Home.Path, "holder");

        Assert.True(Home.IsHeld());
        File.WriteAllText(holder, """{"id":1,"started":"in another boot"}""");
        Assert.False(Home.IsHeld());
        File.WriteAllText(holder, "");
        Assert.False(Home.IsHeld());
        Assert.False(ClusterHome.At("none", Path.Combine(Home.Path, "none")).IsHeld());
    }

    [Fact]
    public void The_kubeconfig_says_where_to_call_and_whom_to_expect()
    {
        Home.WriteKubeconfig(Keys.Kubeconfig("farm", new Uri("https://198.51.100.7:6443"), "farm.eastus.cloudapp.azure.com"));

        var text = Home.ReadKubeconfig()!;
        Assert.Contains("server: \"https://198.51.100.7:6443\"", text, StringComparison.Ordinal);
        Assert.Contains("tls-server-name: \"farm.eastus.cloudapp.azure.com\"", text, StringComparison.Ordinal);
        Assert.Equal(text, Ebb.Cli.ControlPlane.Pki.KubeconfigFile.Read(text)!.Write());
    }

    public void Dispose() => _case.Dispose();

    private static IEnumerable<string> Changed(Dictionary<string, string> before, Dictionary<string, string> after) =>
        after.Where(file => before[file.Key] != file.Value).Select(file => file.Key).Order(StringComparer.Ordinal);
}
