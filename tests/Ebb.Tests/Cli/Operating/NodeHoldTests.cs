using Ebb.Cli.Operating;
using Ebb.Kubernetes.Objects;
using Ebb.Tests.Acting;

namespace Ebb.Tests.Cli.Operating;

public class NodeHoldTests
{
    private readonly FakeCluster _cluster = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, false, "cordon,keep", "cordoned=False operating= keep=")]
    [InlineData(true, false, "keep", "operating= keep=")]
    [InlineData(false, true, "cordon", "cordoned=False operating=")]
    [InlineData(true, true, "", "operating=")]
    public async Task What_was_so_before_is_left_so(bool cordoned, bool kept, string ours, string takenOff)
    {
        Node(cordoned, kept, operating: null);
        await new NodeHold(_cluster).PutAsync("n1", untilStart: false, Ct);
        var put = _cluster.Calls[^1];
        Node(cordoned: true, kept: true, operating: ours);

        await new NodeHold(_cluster).TakeOffAsync("n1", Ct);

        Assert.Equal($"change n1 cordoned=True operating={ours} keep=true", put);
        Assert.Equal($"change n1 {takenOff}", _cluster.Calls[^1]);
    }

    [Fact]
    public async Task A_node_that_bears_the_hold_of_a_command_that_ended_is_taken_over()
    {
        Node(cordoned: true, kept: true, operating: "cordon,keep");

        await new NodeHold(_cluster).PutAsync("n1", untilStart: false, Ct);

        Assert.DoesNotContain(_cluster.Calls, call => call.StartsWith("change", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null, "cordon,keep,stopped")]
    [InlineData("cordon", "cordon,stopped")]
    [InlineData("", "stopped")]
    [InlineData("keep,stopped", null)]
    public async Task A_node_whose_machine_is_stopped_says_that_it_is_held_until_it_is_started(string? operating, string? put)
    {
        Node(cordoned: operating is not null, kept: operating is not null, operating);

        await new NodeHold(_cluster).PutAsync("n1", untilStart: true, Ct);

        Assert.Equal(put is null ? [] : [$"change n1 cordoned=True operating={put} keep=true"], _cluster.Calls.Where(call => call.StartsWith("change", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_node_that_is_gone_or_not_held_is_left_alone()
    {
        await new NodeHold(_cluster).TakeOffAsync("n1", Ct);
        Node(cordoned: true, kept: true, operating: null);
        await new NodeHold(_cluster).TakeOffAsync("n1", Ct);

        Assert.DoesNotContain(_cluster.Calls, call => call.StartsWith("change", StringComparison.Ordinal));
    }

    private void Node(bool cordoned, bool kept, string? operating)
    {
        var annotations = new Dictionary<string, string>();
        if (kept)
        {
            annotations[Marks.Keep] = "true";
        }

        if (operating is not null)
        {
            annotations[Marks.Operating] = operating;
        }

        _cluster.Nodes["n1"] = new V1Node
        {
            Metadata = new V1Meta { Name = "n1", Uid = "u1", Annotations = annotations },
            Spec = new V1NodeSpec { Unschedulable = cordoned ? true : null },
        };
    }
}
