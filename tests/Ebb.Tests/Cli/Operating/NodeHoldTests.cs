using Ebb.Acting;
using Ebb.Acting.Draining;
using Ebb.Cli.Operating;
using Ebb.Kubernetes.Objects;
using Ebb.Simulation;
using Ebb.Tests.Acting;

namespace Ebb.Tests.Cli.Operating;

public class NodeHoldTests
{
    private const string Ours = "ada@laptop#1";

    private const string Theirs = "bob@desk#2";

    private readonly FakeCluster _cluster = new();
    private readonly Runner _runner = new(new VirtualTime());
    private readonly List<string> _told = [];
    private readonly NodeHold _hold;

    public NodeHoldTests()
    {
        _hold = new NodeHold(_cluster, _runner.Time, Ours);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IEnumerable<string> Changes => _cluster.Calls.Where(call => call.StartsWith("change", StringComparison.Ordinal));

    [Theory]
    [InlineData(false, false, "cordon,keep", "cordoned=False operating= keep=")]
    [InlineData(true, false, "keep", "operating= keep=")]
    [InlineData(false, true, "cordon", "cordoned=False operating=")]
    [InlineData(true, true, "", "operating=")]
    public async Task What_was_so_before_is_left_so(bool cordoned, bool kept, string ours, string takenOff)
    {
        Node(cordoned, kept, operating: null);
        await _hold.PutAsync("n1", untilStart: false, _told.Add, Ct);
        var put = _cluster.Calls[^1];
        Node(cordoned: true, kept: true, operating: By(ours, Ours));

        await _hold.TakeOffAsync("n1", Ct);

        Assert.Equal($"change n1 cordoned=True operating={By(ours, Ours)} keep=true", put);
        Assert.Equal($"change n1 {takenOff}", _cluster.Calls[^1]);
    }

    [Theory]
    [InlineData("cordon,keep", true, "cordon,keep")]
    [InlineData("keep", false, "cordon,keep")]
    public async Task What_nobody_works_on_any_more_is_taken_over_at_once(string left, bool cordoned, string ours)
    {
        Node(cordoned, kept: true, operating: left);

        var who = await _hold.PutAsync("n1", untilStart: false, _told.Add, Ct);

        Assert.Null(who);
        Assert.Equal([$"change n1 cordoned=True operating={By(ours, Ours)} keep=true"], Changes);
    }

    [Theory]
    [InlineData(null, "cordon,keep,stopped")]
    [InlineData("cordon", "cordon,stopped")]
    [InlineData("", "stopped")]
    [InlineData("keep,stopped", "keep,stopped")]
    public async Task A_node_whose_machine_is_stopped_says_that_it_is_held_until_it_is_started(string? operating, string put)
    {
        Node(cordoned: operating is not null, kept: operating is not null, operating);

        await _hold.PutAsync("n1", untilStart: true, _told.Add, Ct);

        Assert.Equal([$"change n1 cordoned=True operating={By(put, Ours)} keep=true"], Changes);
    }

    [Fact]
    public void A_node_that_another_command_works_on_is_left_to_it()
    {
        Node(cordoned: true, kept: true, By("cordon,keep", Theirs));
        string? who = null;
        _runner.Start(async () => who = await _hold.PutAsync("n1", untilStart: false, _told.Add, Ct));
        _runner.Run(OperatingMark.RenewEvery);
        Node(cordoned: true, kept: true, By("cordon,keep", Theirs));
        _runner.Run(OperatingMark.RenewEvery);
        _runner.Complete(() => _hold.TakeOffAsync("n1", Ct), TimeSpan.FromMinutes(1));

        Assert.Equal("bob@desk", who);
        Assert.Empty(Changes);
        Assert.Equal(["n1: bob@desk works on it, or did: waiting up to 30 s to see which."], _told);
    }

    [Fact]
    public void What_a_command_that_says_nothing_any_more_has_left_is_taken_over()
    {
        Node(cordoned: true, kept: true, By("cordon", Theirs));

        var who = _runner.Complete(() => _hold.TakeOverAsync("n1", _told.Add, Ct), TimeSpan.FromMinutes(1));

        Assert.Null(who);
        Assert.Equal([$"change n1 cordoned=True operating={By("cordon", Ours)} keep=true"], Changes);
    }

    [Fact]
    public void While_it_works_it_says_so_again_and_again_of_what_is_still_its_own()
    {
        using var stop = new CancellationTokenSource();
        Node(cordoned: false, kept: false, operating: null);
        _runner.Complete(() => _hold.PutAsync("n1", untilStart: false, _told.Add, Ct), TimeSpan.FromMinutes(1));
        Node(cordoned: true, kept: true, By("cordon,keep", Ours));
        _runner.Start(() => _hold.RunAsync(stop.Token));

        _runner.Run(3.5 * OperatingMark.RenewEvery);
        var renewed = Changes.Count() - 1;
        Node(cordoned: true, kept: true, By("cordon,keep", Theirs));
        _runner.Run(3 * OperatingMark.RenewEvery);

        Assert.Equal((3, 3), (renewed, Changes.Count() - 1));
        stop.CancelHere();
    }

    [Fact]
    public async Task One_that_stays_held_is_nobody_s_afterwards()
    {
        Node(cordoned: true, kept: true, By("cordon,stopped", Ours));

        await _hold.LeaveAsync("n1", Ct);

        Assert.Equal(["change n1 operating=cordon,stopped keep=true"], Changes);
    }

    [Fact]
    public async Task A_node_that_is_gone_or_not_held_is_left_alone()
    {
        await _hold.TakeOffAsync("n1", Ct);
        Node(cordoned: true, kept: true, operating: null);
        await _hold.TakeOffAsync("n1", Ct);
        await _hold.TakeOverAsync("n1", _told.Add, Ct);

        Assert.Empty(Changes);
    }

    private string By(string put, string owner) =>
        $"{OperatingMark.Read(put)! with { Owner = owner, Renewed = _runner.Time.GetUtcNow() }}";

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
