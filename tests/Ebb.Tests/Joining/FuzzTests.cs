using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Ebb.Controller.Joining.Proofs;
using Ebb.Joining;
using Ebb.Simulation;
using Ebb.Tests.Joining.Lab;

namespace Ebb.Tests.Joining;

/// <summary>
/// Spoilt input by the ten thousand. EBB_FUZZ_SECONDS says for how long each runs (default 2), EBB_FUZZ_SEED where it begins (default:
/// anywhere); what once broke something lies in Corpus and is tried each time.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const string VmId = "0f8fad5b-d9cb-469f-a165-70867728950e";

    private static readonly string Signed = Path.Combine(Fuzz.Corpus, "signed");

    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_breaks_something_is_kept_and_told_with_the_seed()
    {
        var fuzz = new Fuzz("broken", output);

        var e = await Assert.ThrowsAnyAsync<Exception>(() => fuzz.TryAsync([1, 2, 3], _ => throw new InvalidOperationException("It broke.")));

        var path = e.Message.Split(' ')[0];
        Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(path, Ct));
        Assert.Matches(@"EBB_FUZZ_SEED=\d+\).*It broke\.", e.Message);
        File.Delete(path);
    }

    [Fact]
    public async Task A_spoilt_document_shows_the_same_machine_or_none()
    {
        var fuzz = new Fuzz("der", output);
        var (root, originals) = Kept();
        var time = new VirtualTime(Noon);
        var trust = new AttestationTrust { Roots = [root], Name = "metadata.azure.com", SubscriptionId = JoinLab.Subscription };
        using var http = new HttpMessageInvoker(new Issuers());
        using var download = new IssuerDownload(http, IssuerDownload.PublicHosts, time);
        var check = new AttestedDocumentCheck(() => trust, new SignerChains(download, time), time);
        var outcomes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        async Task TryAsync(byte[] bytes)
        {
            var proof = JoinLab.ProofOf("nonce", Convert.ToBase64String(bytes));
            switch (await check.CheckAsync(proof, JoinPaths.Join, "10.0.0.1", Ct))
            {
                case Identity.NotShown not:
                    outcomes[not.Outcome] = outcomes.GetValueOrDefault(not.Outcome) + 1;
                    break;
                case Identity.Machine machine when machine.VmId == VmId:
                    // What was spoilt is under no signature: the order of certificates, say.
                    outcomes["the same"] = outcomes.GetValueOrDefault("the same") + 1;
                    break;
                case var other:
                    Assert.Fail($"It shows {other}.");
                    break;
            }
        }

        var tried = await fuzz.RunAsync(originals, TryAsync);

        output.WriteLine($"{tried} documents: {string.Join(", ", outcomes.Select(pair => $"{pair.Value} {pair.Key}"))}");
        Assert.True(outcomes.GetValueOrDefault("forged") > 0 && outcomes.GetValueOrDefault("malformed") > 0);
    }

    [Fact]
    public async Task Spoilt_JSON_is_read_or_refused_as_JSON()
    {
        var fuzz = new Fuzz("json", output);
        byte[][] originals =
        [
            """{"proof":{"kind":"azure-attested-document","nonce":"n","document":"d","signature":null},"fresh":true,"architecture":"amd64","agent":"0.1"}"""u8.ToArray(),
            """{"proof":{"kind":"k","nonce":"n","document":"d"},"reason":"Preempt","secondsLeft":30,"inAdvance":true}"""u8.ToArray(),
            """{"proof":{"kind":"k","nonce":"n","document":"d"},"notices":[{"id":"1","kind":"Preempt","at":"2026-03-01T12:00:00Z","seconds":-1}]}"""u8.ToArray(),
            """{"nonce":"n","vmId":"11111111-2222-3333-4444-555555555555","timeStamp":{"createdOn":"11/28/20 00:12:17 -0000","expiresOn":"11/28/20 06:12:17 -0000"}}"""u8.ToArray(),
        ];
        Task TryAsync(byte[] bytes)
        {
            Read(() => JsonSerializer.Deserialize(bytes, JoinJson.Default.JoinRequest));
            Read(() => JsonSerializer.Deserialize(bytes, JoinJson.Default.LeaveRequest));
            Read(() => JsonSerializer.Deserialize(bytes, JoinJson.Default.NoticeRequest));
            Read(() => JsonSerializer.Deserialize(bytes, AttestedJson.Default.AttestedDocument) is { TimeStamp: { } times } ? (times.Created, times.Expires) : default);
            return Task.CompletedTask;
        }

        var tried = await fuzz.RunAsync(originals, TryAsync);

        output.WriteLine($"{tried} texts");

        static void Read<T>(Func<T> read)
        {
            try
            {
                read();
            }
            catch (JsonException)
            {
                // As it should.
            }
        }
    }

    [Fact]
    public async Task Spoilt_requests_are_answered_as_such_and_the_server_goes_on()
    {
        var fuzz = new Fuzz("http", output);
        await using var lab = await JoinLab.StartAsync(options => options with { PerAddress = new(1e6, 1_000_000), InTotal = new(1e6, 1_000_000), MostNoncesPerAddress = 20_000 });
        var proof = JoinLab.ProofOf("spent", Convert.ToBase64String(Kept().Documents[0]));
        var body = JsonSerializer.Serialize(new JoinRequest { Proof = proof }, JoinJson.Default.JoinRequest);
        byte[][] originals =
        [
            Encoding.ASCII.GetBytes($"POST /v1/join HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"),
            Encoding.ASCII.GetBytes("POST /v1/nonce HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            Encoding.ASCII.GetBytes("POST /v1/leave HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
            Encoding.ASCII.GetBytes("GET /agent/amd64 HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-1\r\nConnection: close\r\n\r\n"),
        ];
        var statuses = new SortedDictionary<string, int>(StringComparer.Ordinal);
        async Task TryAsync(byte[] bytes)
        {
            var answer = await RawClient.AnswerAsync(lab, bytes, hangUp: true);
            var status = answer.Length >= 12 ? answer[9..12] : "none";
            lock (statuses)
            {
                statuses[status] = statuses.GetValueOrDefault(status) + 1;
            }

            Assert.False(status.StartsWith('5') && status is not ("503" or "505" or "501"), $"It is answered with {status}.");
        }

        var tried = await fuzz.RunAsync(originals, TryAsync, atOnce: 8);

        output.WriteLine($"{tried} requests: {string.Join(", ", statuses.Select(pair => $"{pair.Value} {pair.Key}"))}");
        await RawClient.StillAdmitsAsync(lab, machine: 2);
        Assert.DoesNotContain("Unhandled", lab.Loggers.Text, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>What was signed once, so that a seed means the same bytes each time. Without the folder all of it is signed anew.</summary>
    private static (X509Certificate2 Root, byte[][] Documents) Kept()
    {
        string[] files = [.. new[] { "root.crt", "alone.cms", "with-issuer.cms" }.Select(name => Path.Combine(Signed, name))];
        if (!Directory.Exists(Signed))
        {
            var attestor = new Attestor(Noon);
            var content = Attestor.Content(VmId, "nonce", JoinLab.Subscription, Noon);
            Directory.CreateDirectory(Signed);
            File.WriteAllBytes(files[0], attestor.Root.RawData);
            File.WriteAllBytes(files[1], Convert.FromBase64String(attestor.Sign(content)));
            File.WriteAllBytes(files[2], Convert.FromBase64String(attestor.Sign(content, null, attestor.Between)));
        }

        return (X509CertificateLoader.LoadCertificateFromFile(files[0]), [File.ReadAllBytes(files[1]), File.ReadAllBytes(files[2])]);
    }
}
