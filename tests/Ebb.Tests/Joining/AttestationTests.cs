using System.Net;
using System.Security.Cryptography.Pkcs;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Joining;
using Ebb.Pools;
using Ebb.Tests.Joining.Lab;

namespace Ebb.Tests.Joining;

/// <summary>Proofs that prove nothing. Each is refused with the same words; why stands in the audit log alone.</summary>
public sealed partial class AttestationTests
{
    private static readonly Lazy<Attestor> Stranger = new(() => new Attestor(Now));

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Wrong => new()
    {
        { "tampered", "forged" },
        { "another root", "wrong-chain" },
        { "its own root", "wrong-chain" },
        { "leaf has expired", "wrong-chain" },
        { "leaf is an authority", "wrong-signer" },
        { "wrong name", "wrong-signer" },
        { "name that only ends alike", "wrong-signer" },
        { "no name", "wrong-signer" },
        { "expired", "expired" },
        { "from the future", "expired" },
        { "other nonce", "wrong-nonce" },
        { "no nonce", "wrong-nonce" },
        { "other subscription", "foreign" },
        { "no subscription", "foreign" },
        { "no machine", "malformed" },
        { "times in another form", "malformed" },
        { "unknown machine", "not-a-member" },
        { "weak digest", "forged" },
        { "short key", "forged" },
        { "detached", "forged" },
        { "two signers", "forged" },
        { "no signer", "forged" },
        { "not base64", "malformed" },
        { "empty", "malformed" },
        { "not a message", "malformed" },
        { "cut short", "malformed" },
        { "too long", "malformed" },
        { "content is no JSON", "malformed" },
        { "members twice", "malformed" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task A_proof_that_is_wrong_is_refused_without_a_word_of_why(string what, string outcome)
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        var nonce = await lab.NonceAsync();

        using var response = await lab.JoinAsync(JoinLab.ProofOf(nonce, Make(lab, what, machine, nonce)));

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        var error = await JoinLab.ReadAsync(response, JoinJson.Default.JoinError);
        Assert.Equal(("forbidden", "This machine is not admitted. The join server's audit log says why."), (error.Error, error.Message));
        Assert.Contains($"\"outcome\":\"{outcome}\"", lab.Audit, StringComparison.Ordinal);
        Assert.Empty(await lab.TokensAsync());
    }

    [Fact]
    public async Task A_message_that_names_the_signatures_algorithm_as_its_digest_is_Azures_own_form()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        var nonce = await lab.NonceAsync();
        var message = lab.Attestor.Message(Encoding.UTF8.GetBytes(Content(machine, nonce).ToJsonString())).Encode();
        var tampered = Attestor.WithAlgorithmOfSignature(message);
        tampered[tampered.AsSpan().IndexOf(Encoding.UTF8.GetBytes(machine.VmId)) + 3] ^= 1;

        using var response = await lab.JoinAsync(JoinLab.ProofOf(nonce, Convert.ToBase64String(Attestor.WithAlgorithmOfSignature(message))));
        using var forged = await lab.JoinAsync(JoinLab.ProofOf(await lab.NonceAsync(), Convert.ToBase64String(tampered)));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden), (response.StatusCode, forged.StatusCode));
        Assert.Contains("\"outcome\":\"forged\"", lab.Audit, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proof_is_good_once()
    {
        await using var lab = await JoinLab.StartAsync();
        var proof = await lab.ProofAsync(lab.AddMachine(1));

        using var first = await lab.JoinAsync(proof);
        using var second = await lab.JoinAsync(proof);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden), (first.StatusCode, second.StatusCode));
        Assert.Contains("\"outcome\":\"replayed\"", lab.Audit, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_many_that_show_the_same_proof_at_once_one_gets_in()
    {
        await using var lab = await JoinLab.StartAsync();
        var proof = await lab.ProofAsync(lab.AddMachine(1));

        var responses = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => lab.JoinAsync(proof)));

        Assert.Single(responses, response => response.StatusCode is HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_nonce_is_good_for_the_address_that_asked_for_it()
    {
        await using var lab = await JoinLab.StartAsync();
        var proof = await lab.ProofAsync(lab.AddMachine(1));
        using var elsewhere = lab.NewClient(from: IPAddress.Parse("127.0.0.2"));

        using var stolen = await lab.JoinAsync(proof, elsewhere);
        using var own = await lab.JoinAsync(proof);

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.OK), (stolen.StatusCode, own.StatusCode));
    }

    [Fact]
    public async Task Without_a_proof_or_with_one_of_another_kind_nobody_is_admitted()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        foreach (var kind in new[] { "none", "", ProofKinds.NodeCertificate, "AZURE-ATTESTED-DOCUMENT" })
        {
            using var response = await lab.JoinAsync((await lab.ProofAsync(machine)) with { Kind = kind });

            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        }
    }

    private static JsonObject Content(Machine machine, string nonce) => Attestor.Content(machine.VmId, nonce, JoinLab.Subscription, Now);

    private static string Make(JoinLab lab, string what, Machine machine, string nonce)
    {
        var attestor = lab.Attestor;
        var content = Content(machine, nonce);
        var bytes = Encoding.UTF8.GetBytes(content.ToJsonString());
        switch (what)
        {
            case "tampered":
                // The content stands in the message as it is: one letter of it is another.
                var message = attestor.Message(bytes).Encode();
                message[message.AsSpan().IndexOf(Encoding.UTF8.GetBytes(machine.VmId)) + 3] ^= 1;
                return Convert.ToBase64String(message);
            case "another root":
                return Stranger.Value.Sign(content, null, Stranger.Value.Between);
            case "its own root":
                return Stranger.Value.Sign(content, Stranger.Value.LeafFor("metadata.azure.com"), Stranger.Value.Between, attestor.Between);
            case "leaf has expired":
                return attestor.Sign(content, attestor.LeafUntil(Now.AddMinutes(-1)));
            case "leaf is an authority":
                return attestor.Sign(content, attestor.Between);
            case "wrong name":
                return attestor.Sign(content, attestor.LeafFor("management.azure.com", "www.example.com"));
            case "name that only ends alike":
                return attestor.Sign(content, attestor.LeafFor("evilmetadata.azure.com", "metadata.azure.com.evil.example"));
            case "no name":
                return attestor.Sign(content, attestor.LeafFor());
            case "expired":
                return attestor.Sign(Attestor.Content(machine.VmId, nonce, JoinLab.Subscription, Now.AddHours(-7)));
            case "from the future":
                return attestor.Sign(Attestor.Content(machine.VmId, nonce, JoinLab.Subscription, Now.AddHours(1)));
            case "other nonce":
                content["nonce"] = "1234567890";
                break;
            case "no nonce":
                content.Remove("nonce");
                break;
            case "other subscription":
                content["subscriptionId"] = Guid.NewGuid().ToString();
                break;
            case "no subscription":
                content.Remove("subscriptionId");
                break;
            case "no machine":
                content["vmId"] = "";
                break;
            case "times in another form":
                content["timeStamp"]!["expiresOn"] = "2030-01-01T00:00:00Z";
                break;
            case "unknown machine":
                content["vmId"] = Guid.NewGuid().ToString();
                break;
            case "weak digest":
                return Convert.ToBase64String(attestor.Message(bytes, digest: "1.3.14.3.2.26").Encode());
            case "short key":
                return attestor.Sign(content, attestor.LeafOfLength(1024));
            case "detached":
                return Convert.ToBase64String(attestor.Message(bytes, detached: true).Encode());
            case "two signers":
                var twice = attestor.Message(bytes);
                twice.ComputeSignature(new CmsSigner(attestor.LeafFor("metadata.azure.com")));
                return Convert.ToBase64String(twice.Encode());
            case "no signer":
                var none = attestor.Message(bytes);
                none.RemoveSignature(0);
                return Convert.ToBase64String(none.Encode());
            case "not base64":
                return "!!!!";
            case "empty":
                return "";
            case "not a message":
                return Convert.ToBase64String(bytes);
            case "cut short":
                return Convert.ToBase64String(attestor.Message(bytes).Encode()[..600]);
            case "too long":
                return new string('A', 40_000);
            case "content is no JSON":
                return Convert.ToBase64String(attestor.Message("nonce"u8.ToArray()).Encode());
            case "members twice":
                var text = content.ToJsonString();
                return Convert.ToBase64String(attestor.Message(Encoding.UTF8.GetBytes($"{{\"nonce\":\"x\",{text[1..]}")).Encode());
            default:
                throw new ArgumentException(what);
        }

        return attestor.Sign(content);
    }
}
