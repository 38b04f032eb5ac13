using System.Net.Sockets;
using System.Text.Json;
using Ebb.Clouds;
using Ebb.Joining;
using Ebb.Sandbox.Certificates;

namespace Ebb.Tests.Joining.Asking;

/// <summary>How a machine asks join servers: whom it believes, when it asks again, when it gives up.</summary>
public sealed partial class JoinClientTests : IAsyncLifetime
{
    private readonly Authority _authority = Authority.Create("join", TimeProvider.System);
    private readonly PauseClock _clock = new();
    private ScriptedJoinServer _server = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await ScriptedJoinServer.StartAsync(_authority);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _clock.DisposeAsync();
        _authority.Dispose();
    }

    [Fact]
    public async Task It_proves_itself_with_the_number_that_it_was_given_for_just_this_request()
    {
        _server.Answer(JoinPaths.Join, 200, ScriptedJoinServer.Granted);

        var granted = await JoinAsync(Client());

        Assert.Equal("agents000001", granted.Node);
        Assert.Equal([JoinPaths.Authority, JoinPaths.Nonce, JoinPaths.Join], _server.Asked.Select(asked => asked.Path));
        var proof = JsonDocument.Parse(_server.Asked.Last().Body).RootElement.GetProperty("proof");
        Assert.Equal(("1029384756", "document of 1029384756 for /v1/join"), (proof.GetProperty("nonce").GetString(), proof.GetProperty("document").GetString()));
    }

    [Theory]
    [InlineData(409, """{"error":"joined","message":"node n1 is up","retryAfterSeconds":10}""", null, 10)]
    [InlineData(429, """{"error":"too-many","message":"later","retryAfterSeconds":3}""", null, 3)]
    [InlineData(503, "away for a moment", 7, 7)]
    public async Task A_server_that_says_when_to_ask_again_is_asked_then_however_often_it_says_so(int status, string body, int? header, int seconds)
    {
        for (var i = 0; i < 6; i++)
        {
            _server.Answer(JoinPaths.Join, status, body, header);
        }

        _server.Answer(JoinPaths.Join, 200, ScriptedJoinServer.Granted);

        await JoinAsync(Client());

        Assert.Equal(6, _clock.Pauses.Count);
        Assert.All(_clock.Pauses, pause => Assert.InRange(pause, seconds, seconds * 1.25));
        Assert.True(_clock.Pauses.Distinct().Count() > 1, "Machines that were told the same must not come back all at once.");
    }

    [Theory]
    [InlineData(500, "")]
    [InlineData(502, "<html>Bad gateway</html>")]
    [InlineData(200, "not JSON")]
    [InlineData(200, "null")]
    [InlineData(200, "{}")]
    [InlineData(200, """{"node":null,"providerId":"p","distribution":"k3s","servers":[],"authority":"a","token":"t"}""")]
    public async Task Trouble_and_what_cannot_be_understood_is_met_with_growing_patience(int status, string body)
    {
        for (var i = 0; i < 8; i++)
        {
            _server.Answer(JoinPaths.Join, status, body);
        }

        _server.Answer(JoinPaths.Join, 200, ScriptedJoinServer.Granted);

        await JoinAsync(Client());

        Assert.Equal(8, _clock.Pauses.Count);
        Assert.InRange(_clock.Pauses[0], 0.5, 1);
        Assert.InRange(_clock.Pauses[3], 4, 8);
        Assert.All(_clock.Pauses[6..], pause => Assert.InRange(pause, 15, 30));
    }

    [Theory]
    [InlineData(403, """{"error":"refused","message":"no"}""", "no")]
    [InlineData(400, "", "HTTP 400")]
    [InlineData(404, "<html>", "HTTP 404")]
    public async Task A_refusal_is_not_asked_about_again(int status, string body, string why)
    {
        _server.Answer(JoinPaths.Join, status, body);

        var refused = await Assert.ThrowsAsync<JoinException>(() => JoinAsync(Client()));

        Assert.True(refused.Refused);
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, _server.Count(JoinPaths.Join));
    }

    [Fact]
    public async Task One_server_that_is_away_does_not_hide_what_another_says()
    {
        for (var i = 0; i < 5; i++)
        {
            _server.Answer(JoinPaths.Join, 409, """{"error":"joined","message":"node n1 is up","retryAfterSeconds":10}""");
        }

        _server.Answer(JoinPaths.Join, 200, ScriptedJoinServer.Granted);

        await JoinAsync(Client(Nobody(), _server.Address));

        Assert.All(_clock.Pauses, pause => Assert.InRange(pause, 10, 12.5));
    }

    [Fact]
    public async Task One_that_refuses_does_not_keep_another_from_being_asked_and_the_one_that_granted_is_asked_first_the_next_time()
    {
        await using var other = await ScriptedJoinServer.StartAsync(_authority);
        _server.Answer(JoinPaths.Join, 403, """{"error":"refused","message":"no"}""");
        other.Answer(JoinPaths.Join, 200, ScriptedJoinServer.Granted);
        var client = Client(_server.Address, other.Address);

        await JoinAsync(client);
        await JoinAsync(client);

        Assert.Equal((1, 2), (_server.Count(JoinPaths.Join), other.Count(JoinPaths.Join)));
    }

    [Fact]
    public async Task It_gives_up_when_its_time_is_over_and_says_what_it_heard_last()
    {
        _server.Answer(JoinPaths.Join, 503, """{"error":"unsure","message":"the cloud cannot be read","retryAfterSeconds":30}""");

        var late = await Assert.ThrowsAsync<JoinException>(() => JoinAsync(Client(), TimeSpan.FromMinutes(2)));

        Assert.False(late.Refused);
        Assert.Contains("not granted within 120 s", late.Message, StringComparison.Ordinal);
        Assert.Contains("the cloud cannot be read", late.Message, StringComparison.Ordinal);
        Assert.InRange(_clock.Pauses.Sum(), 60, 120);
    }

    [Fact]
    public async Task Whoever_is_not_of_the_authority_with_the_known_hash_is_told_nothing()
    {
        using var stranger = Authority.Create("join", TimeProvider.System);
        await using var server = await ScriptedJoinServer.StartAsync(stranger);

        var late = await Assert.ThrowsAsync<JoinException>(() => JoinAsync(Client(server.Address), TimeSpan.FromSeconds(20)));

        Assert.Contains("is not the one with the hash", late.Message, StringComparison.Ordinal);
        Assert.All(server.Asked, asked => Assert.Equal(JoinPaths.Authority, asked.Path));
    }

    [Fact]
    public async Task A_server_that_shows_the_right_authority_but_has_no_certificate_of_it_is_told_nothing()
    {
        using var stranger = Authority.Create("join", TimeProvider.System);
        await using var server = await ScriptedJoinServer.StartAsync(stranger);
        server.Forget(JoinPaths.Authority);
        server.Answer(JoinPaths.Authority, 200, _authority.CertificatePem);

        await Assert.ThrowsAsync<JoinException>(() => JoinAsync(Client(server.Address), TimeSpan.FromSeconds(20)));

        Assert.All(server.Asked, asked => Assert.Equal(JoinPaths.Authority, asked.Path));
    }

    [Fact]
    public async Task An_answer_without_end_is_not_read()
    {
        _server.Answer(JoinPaths.Join, 200, new string(' ', JoinPaths.MostAnswerBytes + 1));
        _server.Answer(JoinPaths.Join, 200, ScriptedJoinServer.Granted);

        await JoinAsync(Client());

        Assert.Single(_clock.Pauses);
    }

    [Fact]
    public async Task A_metadata_service_that_does_not_answer_is_asked_again()
    {
        _server.Answer(JoinPaths.Join, 200, ScriptedJoinServer.Granted);
        var proofs = new Proofs { Fails = 2 };

        await JoinAsync(Client(proofs, _server.Address));

        Assert.Equal(2, _clock.Pauses.Count);
        Assert.Equal(1, _server.Count(JoinPaths.Join));
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30), "It did not come to hold.");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Ct);
        }
    }

    private static Task<JoinAnswer> JoinAsync(JoinClient client, TimeSpan? within = null) =>
        client.JoinAsync(proof => new JoinRequest { Proof = proof, Fresh = true }, within ?? TimeSpan.FromMinutes(15), Ct);

    private JoinClient Client(params string[] servers) => Client(new Proofs(), servers.Length > 0 ? servers : [_server.Address]);

    private JoinClient Client(Proofs proofs, params string[] servers) =>
        new(ScriptedJoinServer.Configuration(_authority, servers), proofs, dial: null, _clock.Time, new Random(1), _clock);

    /// <summary>An address where nothing listens any more.</summary>
    private static string Nobody()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        return $"https://127.0.0.1:{port}";
    }

    private sealed class Proofs : IProofOfIdentity
    {
        public int Fails { get; set; }

        public Task<Proof> ProveAsync(string nonce, string path, CancellationToken ct) => Fails-- > 0
            ? throw new CloudException("The metadata service does not answer.")
            : Task.FromResult(new Proof { Kind = ProofKinds.AzureAttestedDocument, Nonce = nonce, Document = $"document of {nonce} for {path}" });
    }
}
