using System.Text;
using System.Text.Json;
using Ebb.Controller.Joining.Proofs;
using Ebb.Joining;
using Ebb.Tests.Joining.Lab;

namespace Ebb.Tests.Joining;

/// <summary>
/// Spoilt input by the ten thousand. EBB_FUZZ_SECONDS says for how long each runs (default 2), EBB_FUZZ_SEED where it begins; what
/// once broke something lies in Corpus and is tried each time.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private static readonly string Corpus = Path.Combine(House.Tree.Root, "tests", "Ebb.Tests", "Joining", "Corpus");

    private static TimeSpan For { get; } = TimeSpan.FromSeconds(Number("EBB_FUZZ_SECONDS", 2));

    private static int Seed { get; } = Number("EBB_FUZZ_SEED", 1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_spoilt_document_shows_the_same_machine_or_none()
    {
        var now = TimeProvider.System.GetUtcNow();
        var attestor = new Attestor(now);
        var vmId = Guid.NewGuid().ToString();
        var trust = new AttestationTrust { Roots = [attestor.Root], Name = "metadata.azure.com", SubscriptionId = JoinLab.Subscription };
        using var download = new IssuerDownload(new HttpMessageInvoker(new Issuers()), IssuerDownload.PublicHosts, TimeProvider.System);
        var check = new AttestedDocumentCheck(trust, new SignerChains(download, TimeProvider.System), TimeProvider.System);
        var content = Attestor.Content(vmId, "nonce", JoinLab.Subscription, now);
        byte[][] originals =
        [
            Convert.FromBase64String(attestor.Sign(content, null, attestor.Between)),
            Convert.FromBase64String(attestor.Sign(content)),
        ];
        var outcomes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        async Task TryAsync(byte[] bytes)
        {
            var proof = JoinLab.ProofOf("nonce", Convert.ToBase64String(bytes));
            switch (await check.CheckAsync(proof, JoinPaths.Join, "10.0.0.1", Ct))
            {
                case Identity.NotShown not:
                    outcomes[not.Outcome] = outcomes.GetValueOrDefault(not.Outcome) + 1;
                    break;
                case Identity.Machine machine when machine.VmId == vmId:
                    // What was spoilt is under no signature: the order of certificates, say.
                    outcomes["the same"] = outcomes.GetValueOrDefault("the same") + 1;
                    break;
                case var other:
                    Assert.Fail($"{other} from {proof.Document}");
                    break;
            }
        }

        foreach (var file in Directory.EnumerateFiles(Corpus, "*.der"))
        {
            await TryAsync(await File.ReadAllBytesAsync(file, Ct));
        }

        var random = new Random(Seed);
        var tried = await RepeatAsync(() => TryAsync(Mutation.Of(originals[random.Next(originals.Length)], random)));

        output.WriteLine($"{tried} documents: {string.Join(", ", outcomes.Select(pair => $"{pair.Value} {pair.Key}"))}");
        Assert.True(outcomes.GetValueOrDefault("forged") > 0 && outcomes.GetValueOrDefault("malformed") > 0);
    }

    [Fact]
    public async Task Spoilt_JSON_is_read_or_refused_as_JSON()
    {
        byte[][] originals =
        [
            """{"proof":{"kind":"azure-attested-document","nonce":"n","document":"d","signature":null},"fresh":true,"architecture":"amd64","agent":"0.1"}"""u8.ToArray(),
            """{"proof":{"kind":"k","nonce":"n","document":"d"},"reason":"Preempt","secondsLeft":30}"""u8.ToArray(),
            """{"proof":{"kind":"k","nonce":"n","document":"d"},"notices":[{"id":"1","kind":"Preempt","at":"2026-03-01T12:00:00Z","seconds":-1}]}"""u8.ToArray(),
            """{"nonce":"n","vmId":"11111111-2222-3333-4444-555555555555","timeStamp":{"createdOn":"11/28/20 00:12:17 -0000","expiresOn":"11/28/20 06:12:17 -0000"}}"""u8.ToArray(),
        ];
        void Try(byte[] bytes)
        {
            Read(() => JsonSerializer.Deserialize(bytes, JoinJson.Default.JoinRequest));
            Read(() => JsonSerializer.Deserialize(bytes, JoinJson.Default.LeaveRequest));
            Read(() => JsonSerializer.Deserialize(bytes, JoinJson.Default.NoticeRequest));
            Read(() => JsonSerializer.Deserialize(bytes, AttestedJson.Default.AttestedDocument) is { TimeStamp: { } times } ? (times.Created, times.Expires) : default);
        }

        foreach (var file in Directory.EnumerateFiles(Corpus, "*.json"))
        {
            Try(await File.ReadAllBytesAsync(file, Ct));
        }

        var random = new Random(Seed);
        var tried = await RepeatAsync(() =>
        {
            Try(Mutation.Of(originals[random.Next(originals.Length)], random));
            return Task.CompletedTask;
        });

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
        await using var lab = await JoinLab.StartAsync(options => options with { PerAddress = new(1e6, 1_000_000), InTotal = new(1e6, 1_000_000), MostNoncesPerAddress = 20_000 });
        var machine = lab.AddMachine(1);
        var proof = await lab.ProofAsync(machine);
        var body = JsonSerializer.Serialize(new JoinRequest { Proof = proof with { Nonce = "spent" } }, JoinJson.Default.JoinRequest);
        byte[][] originals =
        [
            Encoding.ASCII.GetBytes($"POST /v1/join HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"),
            Encoding.ASCII.GetBytes("POST /v1/nonce HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            Encoding.ASCII.GetBytes("POST /v1/leave HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
            Encoding.ASCII.GetBytes("GET /agent/amd64 HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-1\r\nConnection: close\r\n\r\n"),
        ];
        var statuses = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var random = new Random(Seed);
        async Task TryAsync(byte[] bytes)
        {
            var answer = await RawClient.AnswerAsync(lab, bytes, hangUp: true);
            var status = answer.Length >= 12 ? answer[9..12] : "none";
            lock (statuses)
            {
                statuses[status] = statuses.GetValueOrDefault(status) + 1;
            }

            Assert.False(status.StartsWith('5') && status is not ("503" or "505" or "501"), $"{status} for {Convert.ToBase64String(bytes)}");
        }

        foreach (var file in Directory.EnumerateFiles(Corpus, "*.http"))
        {
            await TryAsync(await File.ReadAllBytesAsync(file, Ct));
        }

        var tried = await RepeatAsync(() => Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Mutation.Of(originals[random.Next(originals.Length)], random)).ToList().Select(TryAsync)));

        output.WriteLine($"{tried * 8} requests: {string.Join(", ", statuses.Select(pair => $"{pair.Value} {pair.Key}"))}");
        await RawClient.StillAdmitsAsync(lab, machine: 2);
        Assert.DoesNotContain("Unhandled", lab.Loggers.Text, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task<int> RepeatAsync(Func<Task> once)
    {
        var started = TimeProvider.System.GetTimestamp();
        var times = 0;
        while (TimeProvider.System.GetElapsedTime(started) < For)
        {
            await once();
            times++;
        }

        return times;
    }

    private static int Number(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), out var number) ? number : otherwise;
}
