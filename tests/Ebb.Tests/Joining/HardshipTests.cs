using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Controller.Joining;
using Ebb.Joining;
using Ebb.Tests.Joining.Lab;

namespace Ebb.Tests.Joining;

/// <summary>What arrives from the network when nobody means well: too large, too slow, too often, and what is not HTTP at all.</summary>
public sealed class HardshipTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"proof\":{}}")]
    [InlineData("{\"proof\":{\"kind\":\"azure-attested-document\",\"nonce\":\"n\",\"document\":\"d\"}")]
    [InlineData("{\"proof\":{\"kind\":1,\"nonce\":\"n\",\"document\":\"d\"}}")]
    [InlineData("\"\\ud800\"")]
    public async Task What_is_no_request_is_a_bad_request(string body)
    {
        await using var lab = await JoinLab.StartAsync();

        using var response = await lab.PostAsync(JoinPaths.Join, body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("bad-request", (await JoinLab.ReadAsync(response, JoinJson.Default.JoinError)).Error);
    }

    [Fact]
    public async Task JSON_that_is_nested_without_end_is_a_bad_request()
    {
        await using var lab = await JoinLab.StartAsync();

        using var response = await lab.PostAsync(JoinPaths.Join, $"{{\"proof\":{new string('[', 20_000)}");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData(70_000)]
    [InlineData(50_000_000)]
    public async Task A_body_that_is_too_large_is_not_read(int length)
    {
        await using var lab = await JoinLab.StartAsync();

        // The server says no while the client is still sending, which some clients take for a broken connection.
        var answer = await AnswerAsync(lab, $"POST /v1/join HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");

        Assert.Contains("413", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_in_pieces_is_bounded_too()
    {
        await using var lab = await JoinLab.StartAsync();
        var piece = new string('x', 60_000);

        var answer = await AnswerAsync(
            lab, $"POST /v1/join HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nea63\r\n\"{piece[..^3]}  \r\nea60\r\n{piece}\r\n0\r\n\r\n");

        Assert.Matches("^HTTP/1.1 (400|413)", answer);
    }

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

    [Theory]
    [InlineData("NONSENSE\r\n\r\n")]
    [InlineData("GET / HTTP/9.9\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")]
    [InlineData("POST /v1/join HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("POST /v1/join HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost : h\r\n\r\n")]
    [InlineData("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n")]
    public async Task What_is_not_HTTP_ends_the_connection(string request)
    {
        await using var lab = await JoinLab.StartAsync();

        var answer = await AnswerAsync(lab, request);

        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 4", StringComparison.Ordinal) || answer.StartsWith("HTTP/1.1 505", StringComparison.Ordinal), answer);
        await StillAdmitsAsync(lab);
    }

    [Fact]
    public async Task Headers_are_bounded_in_number_and_in_all()
    {
        await using var lab = await JoinLab.StartAsync();
        var many = string.Concat(Enumerable.Range(0, 100).Select(i => $"X-{i}: y\r\n"));

        Assert.StartsWith("HTTP/1.1 431", await AnswerAsync(lab, $"GET /healthz HTTP/1.1\r\nHost: h\r\n{many}\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 431", await AnswerAsync(lab, $"GET /healthz HTTP/1.1\r\nHost: h\r\nX: {new string('y', 20_000)}\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 414", await AnswerAsync(lab, $"GET /{new string('y', 20_000)} HTTP/1.1\r\nHost: h\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slow_clients_are_let_go_and_hold_up_nobody()
    {
        await using var lab = await JoinLab.StartAsync();
        var started = TimeProvider.System.GetTimestamp();
        var silent = await ConnectAsync(lab, tls: false);
        var headers = await ConnectAsync(lab, tls: true);
        await headers.WriteAsync("POST /v1/join HTTP/1.1\r\nHost"u8.ToArray(), Ct);
        var body = await ConnectAsync(lab, tls: true);
        await body.WriteAsync("POST /v1/join HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n{"u8.ToArray(), Ct);

        await StillAdmitsAsync(lab);
        await Task.WhenAll(EndOfAsync(silent), EndOfAsync(headers), EndOfAsync(body));

        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(25), "slow clients were kept for long");
    }

    [Fact]
    public async Task Beyond_the_most_connections_others_are_closed_and_those_that_are_there_go_on()
    {
        await using var lab = await JoinLab.StartAsync(options => options with { MostConnections = 8 });
        await StillAdmitsAsync(lab);
        var held = new List<Stream>();
        for (var i = 0; i < 32; i++)
        {
            held.Add(await ConnectAsync(lab, tls: false));
        }

        await StillAdmitsAsync(lab, machine: 2);
        foreach (var stream in held)
        {
            await stream.DisposeAsync();
        }
    }

    [Fact]
    public async Task One_address_that_asks_too_often_is_told_to_wait_and_others_are_not()
    {
        await using var lab = await JoinLab.StartAsync(options => options with { PerAddress = new(1, 10) });
        using var other = lab.NewClient(from: IPAddress.Parse("127.0.0.3"));

        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 30; i++)
        {
            using var response = await lab.Http.PostAsync(JoinPaths.Nonce, null, Ct);
            answers.Add(response.StatusCode);
            Assert.Equal(response.StatusCode is HttpStatusCode.TooManyRequests, response.Headers.RetryAfter is not null);
        }

        using var elsewhere = await other.PostAsync(JoinPaths.Nonce, null, Ct);

        Assert.InRange(answers.Count(code => code is HttpStatusCode.OK), 10, 14);
        Assert.Equal(HttpStatusCode.OK, elsewhere.StatusCode);
    }

    [Fact]
    public async Task One_address_gets_no_more_nonces_than_its_share()
    {
        await using var lab = await JoinLab.StartAsync(options => options with { MostNoncesPerAddress = 4 });
        for (var i = 0; i < 4; i++)
        {
            await lab.NonceAsync();
        }

        using var response = await lab.Http.PostAsync(JoinPaths.Nonce, null, Ct);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
    }

    [Fact]
    public async Task One_machine_gets_no_more_tokens_than_its_share()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 10; i++)
        {
            using var response = await lab.JoinAsync(machine);
            answers.Add(response.StatusCode);
        }

        Assert.Equal(6, answers.Count(code => code is HttpStatusCode.OK));
        Assert.Single(await lab.TokensAsync());
    }

    [Fact]
    public async Task Strangers_do_not_make_the_cloud_be_read_again_and_again()
    {
        await using var lab = await JoinLab.StartAsync();
        for (var i = 0; i < 20; i++)
        {
            var stranger = lab.AddMachine(i);
            lab.Cloud.Remove(stranger);
            using var response = await lab.JoinAsync(stranger);
            Assert.Contains(response.StatusCode, new[] { HttpStatusCode.Forbidden, HttpStatusCode.Conflict });
        }

        Assert.InRange(lab.Cloud.Reads, 1, 5);
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
        await Task.Delay(TimeSpan.FromSeconds(1.2), TimeProvider.System, Ct);

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

    internal static async Task StillAdmitsAsync(JoinLab lab, int machine = 1)
    {
        using var response = await lab.JoinAsync(lab.AddMachine(machine));
        Assert.True(response.StatusCode is HttpStatusCode.OK, lab.Audit + lab.Loggers.Text);
    }

    internal static async Task<string> AnswerAsync(JoinLab lab, string request) => await AnswerAsync(lab, Encoding.Latin1.GetBytes(request));

    /// <param name="hangUp">Whether the client says that no more will come, so that the server waits for nothing.</param>
    internal static async Task<string> AnswerAsync(JoinLab lab, byte[] request, bool hangUp = false)
    {
        await using var stream = await ConnectAsync(lab, tls: true);
        try
        {
            await stream.WriteAsync(request, Ct);
            if (hangUp)
            {
                await ((SslStream)stream).ShutdownAsync();
            }

            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Ct);
            var buffer = new byte[4096];
            var read = await stream.ReadAsync(buffer, deadline.Token).AsTask().WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, Ct);
            return Encoding.Latin1.GetString(buffer, 0, read);
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static JoinServerOptions WithFiles(JoinLab lab, JoinServerOptions options)
    {
        var agents = Directory.CreateDirectory(Path.Combine(lab.Folder, "agents"));
        var files = Directory.CreateDirectory(Path.Combine(lab.Folder, "files"));
        File.WriteAllText(Path.Combine(agents.FullName, "amd64"), "the agent");
        File.WriteAllText(Path.Combine(files.FullName, "k3s.tar"), "abcdefg");
        return options with { AgentsDirectory = agents.FullName, FilesDirectory = files.FullName };
    }

    private static async Task<Stream> ConnectAsync(JoinLab lab, bool tls)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(lab.Server.Address, Ct);
        var network = new NetworkStream(socket, ownsSocket: true);
        if (!tls)
        {
            return network;
        }

        var secure = new SslStream(network);
        await secure.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { lab.ServerAuthority },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
            Ct);
        return secure;
    }

    private static async Task<string> SerialAsync(JoinLab lab)
    {
        await using var stream = (SslStream)await ConnectAsync(lab, tls: true);
        return stream.RemoteCertificate!.GetSerialNumberString();
    }

    private static async Task EndOfAsync(Stream stream)
    {
        var buffer = new byte[1024];
        try
        {
            while (await stream.ReadAsync(buffer, Ct) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset is an end as well.
        }

        await stream.DisposeAsync();
    }
}
