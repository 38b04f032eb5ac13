using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Controller.Joining;
using Ebb.Joining;
using Ebb.Tests.Joining.Lab;
using static Ebb.Tests.Joining.Lab.RawClient;

namespace Ebb.Tests.Joining;

/// <summary>What a join server serves beside admission, with which certificate, and what it keeps to itself.</summary>
public sealed class ServingTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET /../../etc/passwd HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData("GET /agent/..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData("GET /agent/../join.key HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData("GET /files/../join.key HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData("GET /files/link HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData("GET /files/ HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData("GET /agent/arm HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData("GET /v1/join HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData("DELETE /v1/join HTTP/1.1\r\nHost: h\r\n\r\n")]
    [InlineData("POST /v1/other HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")]
    public async Task What_is_not_there_is_not_found(string request)
    {
        await using var lab = await JoinLab.StartAsync(WithFiles);
        File.CreateSymbolicLink(Path.Combine(lab.Folder, "files", "link"), Path.Combine(lab.Folder, "join.key"));

        Assert.StartsWith("HTTP/1.1 404", await AnswerAsync(lab, request), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_secret_is_in_the_audit_log_or_in_any_line_that_is_logged()
    {
        await using var lab = await JoinLab.StartAsync();
        var secrets = new List<string> { JoinLab.StorageKey };
        for (var i = 0; i < 3; i++)
        {
            var machine = lab.AddMachine(i);
            var proof = await lab.ProofAsync(machine);
            secrets.AddRange([proof.Nonce, proof.Document]);
            using var response = await lab.JoinAsync(proof);
            var answer = await JoinLab.ReadAsync(response, JoinJson.Default.JoinAnswer);
            secrets.AddRange([answer.Token, answer.Token[7..]]);
            using var again = await lab.JoinAsync(proof);
            using var odd = await lab.JoinAsync(proof with { Kind = "odd" });
            await lab.AddNodeAsync(machine, ready: true);
            using var left = await lab.LeaveAsync(machine, LeaveReasons.Reboot, 2);
        }

        await JoinLab.UntilAsync(async () => (await lab.TokensAsync()).Count == 0);
        var written = lab.Audit + lab.Loggers.Text;

        Assert.All(secrets, secret => Assert.DoesNotContain(secret, written, StringComparison.Ordinal));
        Assert.True((File.GetUnixFileMode(Path.Combine(lab.Folder, "audit.log")) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) == 0);
    }

    [Fact]
    public async Task A_renewed_certificate_is_taken_up_and_a_spoilt_one_is_not()
    {
        await using var lab = await JoinLab.StartAsync();
        var first = await SerialAsync(lab);
        lab.WriteCertificate();
        await JoinLab.UntilAsync(async () => await SerialAsync(lab) != first);
        var second = await SerialAsync(lab);

        await File.WriteAllTextAsync(Path.Combine(lab.Folder, "join.crt"), "spoilt", Ct);
        lab.Clock.SetForward(TimeSpan.FromSeconds(2));

        Assert.Equal(second, await SerialAsync(lab));
        Assert.Contains("join.crt' has changed and cannot be used", lab.Loggers.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_its_authority_changes_machines_that_know_either_believe_the_server()
    {
        using var made = CertificateAuthority.Create("farm-join-2", Keys.Create(KeyAlgorithm.Ecdsa), TimeProvider.System);
        using var other = CertificateAuthority.Create("farm-join-2", Keys.Create(KeyAlgorithm.Ecdsa), TimeProvider.System);
        using var old = CertificateAuthority.Create("farm-join", Keys.Create(KeyAlgorithm.Ecdsa), TimeProvider.System);
        var issued = made.Issue(
            new CertificateSpec { Name = "s", Authority = "a", CommonName = "s", Server = true, DnsNames = ["localhost"], Addresses = [IPAddress.Loopback] }, KeyAlgorithm.Ecdsa, TimeProvider.System);
        await using var lab = await JoinLab.StartAsync((lab, options) => options with
        {
            AuthorityFile = lab.SecretFile("both.crt", old.BundlePem + made.BundlePem),
            CertificateFile = lab.SecretFile("chain.crt", issued.CertificatePem + old.CrossSign(made.Certificate, TimeProvider.System)),
            KeyFile = lab.SecretFile("chain.key", issued.KeyPem),
        });
        var server = new Uri($"https://127.0.0.1:{lab.Server.Address.Port}");

        foreach (var (knows, believes) in new[] { (old, true), (made, true), (other, false) })
        {
            using var transport = new JoinTransport(Convert.ToHexStringLower(SHA256.HashData(knows.Certificate.RawData)), dial: null);
            var asking = transport.PostAsync(server, JoinPaths.Nonce, null, JoinJson.Default.JoinRequest, JoinJson.Default.NonceAnswer, Ct);
            if (believes)
            {
                Assert.NotEmpty((await asking).Granted!.Nonce);
            }
            else
            {
                await Assert.ThrowsAsync<HttpRequestException>(() => asking);
            }
        }
    }

    [Fact]
    public async Task Programs_and_files_are_served_whole_in_part_and_not_again_when_known()
    {
        await using var lab = await JoinLab.StartAsync(WithFiles);
        var whole = await lab.Http.GetAsync("/agent/amd64", Ct);
        var part = new HttpRequestMessage(HttpMethod.Get, "/files/k3s.tar") { Headers = { Range = new(2, 4) } };
        var known = new HttpRequestMessage(HttpMethod.Get, "/agent/amd64") { Headers = { IfNoneMatch = { whole.Headers.ETag! } } };

        Assert.Equal("the agent", await whole.Content.ReadAsStringAsync(Ct));
        Assert.Equal("cde", await (await lab.Http.SendAsync(part, Ct)).Content.ReadAsStringAsync(Ct));
        Assert.Equal(HttpStatusCode.NotModified, (await lab.Http.SendAsync(known, Ct)).StatusCode);
        Assert.Equal(lab.ServerAuthority.ExportCertificatePem() + "\n", await lab.Http.GetStringAsync(JoinPaths.Authority, Ct));
        Assert.Equal("ok\n", await lab.Http.GetStringAsync(JoinPaths.Health, Ct));
    }

    [Fact]
    public async Task What_is_wrong_with_options_is_said_together_before_anything_listens()
    {
        var e = await Assert.ThrowsAsync<EbbException>(() => JoinLab.StartAsync(options => options with
        {
            Distribution = "minikube",
            Servers = [new Uri("http://10.1.0.10:6443")],
            KubernetesAuthorityFile = "/nowhere/ca.crt",
            TokenLifetime = TimeSpan.FromDays(2),
        }));

        Assert.Contains("minikube", e.Message, StringComparison.Ordinal);
        Assert.Contains("--join-server", e.Message, StringComparison.Ordinal);
        Assert.Contains("/nowhere/ca.crt", e.Message, StringComparison.Ordinal);
        Assert.Contains("token's life", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handout_that_others_may_read_is_refused_with_the_remedy()
    {
        var e = await Assert.ThrowsAsync<EbbException>(() => JoinLab.StartAsync((lab, options) =>
        {
            File.SetUnixFileMode(options.HandoutFile!, UnixFileMode.UserRead | UnixFileMode.OtherRead);
            return options;
        }));

        Assert.Contains("chmod 600", e.Message, StringComparison.Ordinal);
    }

    private static JoinServerOptions WithFiles(JoinLab lab, JoinServerOptions options)
    {
        var agents = Directory.CreateDirectory(Path.Combine(lab.Folder, "agents"));
        var files = Directory.CreateDirectory(Path.Combine(lab.Folder, "files"));
        File.WriteAllText(Path.Combine(agents.FullName, "amd64"), "the agent");
        File.WriteAllText(Path.Combine(files.FullName, "k3s.tar"), "abcdefg");
        return options with { AgentsDirectory = agents.FullName, FilesDirectory = files.FullName };
    }

    private static async Task<string> SerialAsync(JoinLab lab)
    {
        await using var stream = (SslStream)await ConnectAsync(lab, tls: true);
        return stream.RemoteCertificate!.GetSerialNumberString();
    }
}
