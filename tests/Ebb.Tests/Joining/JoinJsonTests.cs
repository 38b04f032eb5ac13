using System.Text.Json;
using Ebb.Joining;

namespace Ebb.Tests.Joining;

public class JoinJsonTests
{
    private const string Request = """{"proof":{"kind":"azure-attested-document","nonce":"n","document":"d"}}""";

    [Fact]
    public void A_request_may_leave_out_what_only_helps()
    {
        var request = JsonSerializer.Deserialize(Request, JoinJson.Default.JoinRequest)!;

        Assert.False(request.Fresh);
        Assert.Equal("d", request.Proof.Document);
        Assert.Null(request.Proof.Signature);
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"proof":null}""")]
    [InlineData("""{"proof":{"kind":"k","nonce":"n"}}""")]
    [InlineData("""{"proof":{"kind":"k","nonce":null,"document":"d"}}""")]
    [InlineData("""{"proof":{"kind":"k","nonce":"n","nonce":"m","document":"d"}}""")]
    [InlineData("""{"proof":{"kind":"k","nonce":7,"document":"d"}}""")]
    public void A_request_without_a_whole_proof_is_none(string json)
    {
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(json, JoinJson.Default.JoinRequest));
    }

    [Fact]
    public void An_answer_comes_back_as_it_was_written()
    {
        var answer = new JoinAnswer
        {
            Node = "agents000000",
            ProviderId = "azure:///x",
            Labels = new Dictionary<string, string> { ["ebb.dev/pool"] = "agents" },
            Taints = ["gpu=yes:NoSchedule"],
            Distribution = "k3s",
            Servers = ["https://10.1.0.10:6443"],
            Authority = "pem",
            Token = "abcdef.0123456789abcdef",
            Mounts = [new Mount { Kind = "cifs", Host = "h", Share = "s", At = "/srv", User = "u", Key = "storage-key" }],
            TailscaleKey = "tailscale-key",
        };

        var read = JsonSerializer.Deserialize(JsonSerializer.Serialize(answer, JoinJson.Default.JoinAnswer), JoinJson.Default.JoinAnswer)!;

        Assert.Equal("agents", read.Labels["ebb.dev/pool"]);
        Assert.Equal("storage-key", Assert.Single(read.Mounts).Key);
        Assert.Equal(answer.Token, read.Token);
    }

    [Fact]
    public void Neither_an_answer_nor_a_mount_nor_a_proof_prints_what_is_secret()
    {
        var mount = new Mount { Kind = "cifs", Host = "h", Share = "s", At = "/srv", User = "u", Key = "hidden" };
        var answer = new JoinAnswer
        {
            Node = "n",
            ProviderId = "p",
            Distribution = "k3s",
            Servers = [],
            Authority = "pem",
            Token = "hidden",
            TailscaleKey = "hidden",
            Mounts = [mount],
        };
        var proof = new Proof { Kind = "k", Nonce = "hidden", Document = "hidden", Signature = "hidden" };

        Assert.DoesNotContain("hidden", $"{mount} {answer} {proof}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"node":"n","evicted":1,"left":2,"deleted":false}""", false)]
    [InlineData("""{"node":"n","evicted":1,"left":2,"deleted":false,"calledOff":true,"whatIsYetToCome":{}}""", true)]
    public void What_a_server_of_another_release_says_of_a_leave_is_understood(string json, bool calledOff)
    {
        var answer = JsonSerializer.Deserialize(json, JoinJson.Default.LeaveAnswer)!;

        Assert.Equal((1, 2, calledOff), (answer.Evicted, answer.Left, answer.CalledOff));
    }

    [Fact]
    public void Lists_that_a_machine_did_not_get_are_empty()
    {
        var json = """{"node":"n","providerId":"p","distribution":"kubelet","servers":[],"authority":"a","token":"t"}""";

        var answer = JsonSerializer.Deserialize(json, JoinJson.Default.JoinAnswer)!;

        Assert.Empty(answer.Labels);
        Assert.Empty(answer.Taints);
        Assert.Empty(answer.Mounts);
    }
}
