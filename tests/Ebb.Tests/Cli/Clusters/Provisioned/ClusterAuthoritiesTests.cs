using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Sandboxes.Subscription;
using Ebb.Joining;
using Ebb.Sandbox.Certificates;
using Ebb.Simulation;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>Kubernetes' authorities in each phase of their rotation: what k3s would take of them, and who believes whom.</summary>
public sealed class ClusterAuthoritiesTests : IDisposable
{
    private static readonly string[] Phases = [ClusterAuthorities.Offered, ClusterAuthorities.Signed, ClusterAuthorities.Waiting, ClusterAuthorities.Dropped];

    private readonly VirtualTime _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly KeysCase _kept;
    private int _servers;

    public ClusterAuthoritiesTests()
    {
        _kept = new KeysCase(_time);
        _kept.Ensure();
    }

    private ClusterHome Home => _kept.Home;

    [Fact]
    public void K3s_takes_each_phase_s_authorities_in_place_of_those_before_time_and_again()
    {
        var store = new AuthorityStore(_time);
        store.TakeUp(Server());

        for (var round = 1; round <= 3; round++)
        {
            foreach (var phase in Phases)
            {
                Put(phase);
                var wanted = Server();
                store.Replace(wanted);

                // Cut short after it, it is done again.
                store.Replace(wanted);
            }

            Finish();
            Assert.Equal(2, Count(Shared()["k3s/tls/server-ca.crt"]));
        }
    }

    [Fact]
    public void K3s_takes_no_authorities_that_do_not_follow_from_its_own()
    {
        var store = new AuthorityStore(_time);
        store.TakeUp(Server());
        Put(ClusterAuthorities.Offered);
        var other = Server();
        Put(ClusterAuthorities.Dropped);
        var tooEarly = Server();
        File.WriteAllText(other.Of("service.key"), Keys.Pem(Keys.Create(KeyAlgorithm.Rsa)));

        Assert.Contains("cannot be verified using old CA chain", Assert.Throws<EbbException>(() => store.Replace(tooEarly)).Message, StringComparison.Ordinal);
        Assert.Contains("old ServiceAccount signing key not in", Assert.Throws<EbbException>(() => store.Replace(other)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_is_locked_out_in_any_phase_and_afterwards_the_old_ones_are_refused()
    {
        var oldOperator = Client("operator");
        var oldServers = Shared()["k3s/tls/server-ca.crt"];
        var byOld = Api();
        foreach (var phase in Phases[..3])
        {
            Put(phase);

            // A server that has not started anew knows the old ones alone, and signs with them.
            Assert.True(phase != ClusterAuthorities.Offered || byOld.Clients.Issued(Client("operator"), client: true));
            var byNew = Api();
            Assert.True(byNew.Clients.Issued(oldOperator, client: true));
            Assert.True(byNew.Clients.Issued(Client("operator"), client: true));
            Assert.True(byNew.Clients.Issued(Client("controller"), client: true));
            foreach (var api in new[] { byOld, byNew })
            {
                Assert.True(Believes(_kept.Keys.ServerAuthorityPem, api));
            }

            // Whoever knows the old one alone believes servers by the new one, through what those show.
            Assert.True(Believes(oldServers, byNew));
        }

        var during = Client("operator");
        Put(ClusterAuthorities.Dropped);
        var last = Api();

        Assert.False(last.Clients.Issued(oldOperator, client: true));
        Assert.True(last.Clients.Issued(during, client: true));
        Assert.True(last.Clients.Issued(Client("operator"), client: true));
        Assert.True(Believes(_kept.Keys.ServerAuthorityPem, last));
        Assert.False(Believes(_kept.Keys.ServerAuthorityPem, byOld));
    }

    [Fact]
    public void Tokens_of_service_accounts_stay_good_until_the_next_rotation()
    {
        var first = Shared()["k3s/tls/service.key"];
        Rotate();
        var second = Shared()["k3s/tls/service.key"];
        Rotate();
        var third = Shared()["k3s/tls/service.key"];

        Assert.EndsWith(first, second, StringComparison.Ordinal);
        Assert.EndsWith(second[..^first.Length], third, StringComparison.Ordinal);
        Assert.DoesNotContain(first, third, StringComparison.Ordinal);
        using var signs = RSA.Create();
        signs.ImportFromPem(third.Split("-----END RSA PRIVATE KEY-----")[0] + "-----END RSA PRIVATE KEY-----");
    }

    [Fact]
    public void Machines_are_told_another_hash_from_the_beginning_of_a_rotation_on_and_the_same_after_it()
    {
        var before = AuthorityMark.Of(_kept.Keys.ServerAuthorityPem);
        List<string> marks = [];
        foreach (var phase in Phases)
        {
            Put(phase);
            marks.Add(AuthorityMark.Of(_kept.Keys.ServerAuthorityPem));
        }

        Assert.NotEqual(before, Assert.Single(marks.Distinct()));
    }

    [Fact]
    public void Keys_of_roots_stay_here_and_old_keys_are_gone_afterwards()
    {
        Rotate();
        Rotate();

        Assert.Equal(
            ["client-ca-3-root.crt", "client-ca-3-root.key", "client-ca-3.crt", "client-ca-3.key"],
            Directory.EnumerateFiles(Path.Combine(Home.Keys, "pki"), "client-ca*").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(Shared().Values, content => content.Contains(File.ReadAllText(Path.Combine(Home.Keys, "pki", "client-ca-3-root.key")), StringComparison.Ordinal));
        Assert.Equal(["sa-2.key", "sa-3.key"], Directory.EnumerateFiles(Path.Combine(Home.Keys, "pki"), "sa*.key").Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(ClusterAuthorities.Signed, "client-ca-2.crt")]
    [InlineData(ClusterAuthorities.Dropped, "server-ca-2.crt")]
    [InlineData(null, "etcd/peer-ca-2.crt")]
    public void An_authority_that_is_in_force_and_lost_is_an_error_and_never_another_one(string? phase, string file)
    {
        Put(ClusterAuthorities.Offered);
        if (phase is null)
        {
            Put(ClusterAuthorities.Dropped);
            Finish();
        }

        File.Delete(Path.Combine(Home.Keys, "pki", file));

        Assert.Contains("from one backup", Assert.Throws<EbbException>(() => Put(phase)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("client-ca-2")]
    [InlineData("etcd/server-ca-2-root")]
    [InlineData("server-ca-2-cross")]
    public void What_was_cut_short_while_it_was_made_is_made_anew(string name)
    {
        var store = new AuthorityStore(_time);
        store.TakeUp(Server());
        Put(ClusterAuthorities.Offered);

        // The key is written first; and what vouches for it last.
        File.Delete(Path.Combine(Home.Keys, "pki", name + ".crt"));
        File.Delete(Path.Combine(Home.Keys, "pki", name.Replace("-root", "", StringComparison.Ordinal) + ".crt"));
        File.Delete(Path.Combine(Home.Keys, "pki", name.Replace("-root", "-cross", StringComparison.Ordinal) + ".crt"));
        _kept.Ensure();

        store.Replace(Server());
    }

    public void Dispose()
    {
        _kept.Dispose();
    }

    /// <param name="phase">Null: none is under way.</param>
    private void Put(string? phase)
    {
        var state = KeyState.Read(Home);
        (state with { Rotations = phase is null ? KeyState.NoRotations : KeyState.NoRotations.Add(ClusterAuthorities.What, new Rotation(_time.GetUtcNow(), phase)) }).Write(Home);
        _kept.Ensure();
    }

    private void Finish()
    {
        var state = KeyState.Read(Home);
        (state with { Authorities = state.Authorities + 1 }).Write(Home);
        Put(null);
    }

    private void Rotate()
    {
        foreach (var phase in Phases)
        {
            Put(phase);
        }

        Finish();
    }

    private Dictionary<string, string> Shared() => _kept.Texts();

    /// <summary>A server's directory with what lies on the share now.</summary>
    private KubernetesAuthorities Server()
    {
        var directory = Path.Combine(_kept.Root, $"server-{_servers++}");
        foreach (var (path, content) in Shared().Where(file => file.Key.StartsWith(SystemShare.Pki, StringComparison.Ordinal)))
        {
            var to = Path.Combine(directory, path[SystemShare.Pki.Length..]);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.WriteAllText(to, content);
        }

        return new KubernetesAuthorities(directory);
    }

    /// <summary>An API server with what lies on the share now.</summary>
    private (Authority Servers, Authority Clients, X509Certificate2 Shown) Api()
    {
        var shared = Shared();
        var servers = Authority.Load(shared["k3s/tls/server-ca.crt"], shared["k3s/tls/server-ca.key"], _time);
        return (servers, Authority.Load(shared["k3s/tls/client-ca.crt"], shared["k3s/tls/client-ca.key"], _time), servers.IssueServer("kube-apiserver", [], []));
    }

    private X509Certificate2 Client(string name) => X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(Home.Keys, "pki", name + ".crt")));

    /// <summary>As a client that knows these authorities, of what the server shows.</summary>
    private bool Believes(string known, (Authority Servers, Authority Clients, X509Certificate2 Shown) api)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.ImportFromPem(known);
        policy.ExtraStore.AddRange(api.Servers.Chain);
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.VerificationTime = _time.GetUtcNow().UtcDateTime;
        return chain.Build(api.Shown);
    }

    private static int Count(string pem) => pem.Split("BEGIN CERTIFICATE").Length - 1;
}
