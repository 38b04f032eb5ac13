using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Ebb.Cli.Sandboxes.Joining;
using Ebb.Joining;
using Ebb.Sandbox;
using Ebb.Sandbox.Azure;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Simulation;
using Ebb.Tests.Joining.Lab;
using Microsoft.Extensions.Logging;

namespace Ebb.Tests.Joining.Asking;

/// <summary>Hollow machines that run the agent: nodes only by a join server's grant, and as what it says.</summary>
public sealed class JoiningMachinesTests : IAsyncLifetime
{
    private const string Group = "farm";
    private const string Set = "agents";

    private static readonly Latency Quick = Latency.Seconds(0.02, 0.05);
    private static readonly TimeSpan Stop = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    private readonly Authority _authority = Authority.Create("join", TimeProvider.System);
    private readonly TextLoggers _log = new();

    // It passes while something is waited for, and where a test lets more of it pass.
    private readonly VirtualTime _time = new(TimeProvider.System.GetUtcNow());
    private readonly SandboxWorld _world;
    private AzureFace _face = null!;
    private AzureHost _host = null!;
    private ScriptedJoinServer _server = null!;
    private JoiningMachines _machines = null!;

    public JoiningMachinesTests() => _world = new SandboxWorld(_time, new SandboxOptions
    {
        Cloud = new CloudOptions { Accept = Quick, Create = Quick, Boot = Quick, Stop = new Latency(Stop, Stop), Delete = Quick },
        Kubernetes = new KubernetesOptions { Hollow = new HollowOptions { Register = Quick } },
    });

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.True(_world.Cloud.PutResourceGroup(Group, "eastus", null).Ok);
        _face = new AzureFace(_world.Cloud, new AzureFaceOptions { Authenticate = false });
        _host = await AzureHost.StartAsync(_face, _authority, 0, 0, Ct);
        _server = await ScriptedJoinServer.StartAsync(_authority);
        _server.Answer(JoinPaths.Notice, 200, """{"node":"tide-1","leave":true}""");
        _server.Answer(JoinPaths.Leave, 200, """{"node":"tide-1","evicted":0,"left":0}""");
        _machines = new JoiningMachines(
            _world.Cloud, _world.Machines, instance => _host.MetadataOf(instance.Group, instance.Set, instance.Id), DialAsync, null, new Logger<JoiningMachines>(_log));
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        await _server.DisposeAsync();
        await _host.DisposeAsync();
        _face.Dispose();
        _world.Dispose();
        _authority.Dispose();
    }

    [Fact]
    public async Task A_machine_that_is_admitted_is_the_node_that_the_server_says()
    {
        _server.Answer(JoinPaths.Join, 200, Grant("tide-1"));

        Boot(Told());
        await UntilAsync(() => Nodes().Count == 1);

        var node = Nodes().Single().Json;
        Assert.Equal("tide-1", (string?)node["metadata"]!["name"]);
        Assert.Equal("gold", (string?)node["metadata"]!["labels"]!["tier"]);
        Assert.Equal("azure:///granted", (string?)node["spec"]!["providerID"]);
        var asked = JsonDocument.Parse(_server.Asked.First(asked => asked.Path == JoinPaths.Join).Body).RootElement;
        Assert.True(asked.GetProperty("fresh").GetBoolean());
        Assert.Equal(ProofKinds.AzureAttestedDocument, asked.GetProperty("proof").GetProperty("kind").GetString());
    }

    [Theory]
    [InlineData(403, """{"error":"refused","message":"not here"}""", "not here")]
    [InlineData(409, """{"error":"joined","message":"its node is up","retryAfterSeconds":60}""", "its node is up")]
    public async Task A_machine_that_is_not_admitted_becomes_no_node(int status, string body, string why)
    {
        _server.Answer(JoinPaths.Join, status, body);

        Boot(Told());
        await UntilAsync(() => _log.Text.Contains(why, StringComparison.Ordinal));

        Assert.Empty(Nodes());
    }

    [Fact]
    public async Task A_machine_that_was_told_nothing_of_a_cluster_asks_nobody()
    {
        Boot("#cloud-config\npackages: [htop]\n");
        await UntilAsync(() => Current() is { GuestUp: true });

        Assert.Empty(_server.Asked);
        Assert.Empty(Nodes());
    }

    [Fact]
    public async Task A_machine_that_was_told_nonsense_says_what_is_wrong_with_it()
    {
        Boot(Told("md5:"));
        await UntilAsync(() => _log.Text.Contains("cannot run", StringComparison.Ordinal));

        Assert.Contains("'authority' must be sha256:", _log.Text, StringComparison.Ordinal);
        Assert.Empty(_server.Asked);
    }

    [Fact]
    public async Task A_machine_whose_power_is_cut_while_it_asks_becomes_no_node()
    {
        var (hungUp, answer) = await AsksAsync();

        Assert.True(_world.Cloud.PowerOff(Group, Set, ["0"], skipShutdown: true).Ok);
        await UntilAsync(() => Current() is { Power: PowerState.Stopped });
        await UntilAsync(() => hungUp.IsCancellationRequested);
        answer();
        await EndAsync();

        Assert.Empty(Nodes());
    }

    [Fact]
    public async Task A_machine_whose_power_is_cut_in_the_instant_in_which_it_is_admitted_becomes_no_node()
    {
        var (_, answer) = await AsksAsync();

        // Whoever starts a kubelet waits for the gate meanwhile.
        lock (_world.Agenda.Gate)
        {
            answer();
            Assert.True(SpinWait.SpinUntil(() => _log.Text.Contains("Admitted as node tide-1", StringComparison.Ordinal), TimeSpan.FromSeconds(30)));
            Assert.True(_world.Cloud.PowerOff(Group, Set, ["0"], skipShutdown: true).Ok);
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(PowerState.Stopped, Current()?.Power);
        }

        await EndAsync();

        Assert.Empty(Nodes());
    }

    [Fact]
    public async Task A_machine_that_is_stopped_leaves_first_with_the_time_that_it_has_and_comes_back_as_no_stranger()
    {
        _server.Answer(JoinPaths.Join, 200, Grant("tide-1"));
        Boot(Told());
        await UntilAsync(() => Nodes().Count == 1);

        Assert.True(_world.Cloud.Restart(Group, Set, ["0"]).Ok);
        await UntilAsync(() => _server.Count(JoinPaths.Leave) == 1);
        _time.Advance(Stop);
        await UntilAsync(() => _server.Count(JoinPaths.Join) == 2);

        var leave = JsonDocument.Parse(_server.Asked.First(asked => asked.Path == JoinPaths.Leave).Body).RootElement;
        Assert.Equal(LeaveReasons.Shutdown, leave.GetProperty("reason").GetString());
        Assert.InRange(leave.GetProperty("secondsLeft").GetInt32(), 15, 29);
        Assert.Contains("\"fresh\":false", _server.Asked.Last(asked => asked.Path == JoinPaths.Join).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_with_a_new_disk_says_that_it_is_fresh()
    {
        _server.Answer(JoinPaths.Join, 200, Grant("tide-1"));
        Boot(Told());
        await UntilAsync(() => Nodes().Count == 1);

        Assert.True(_world.Cloud.Reimage(Group, Set, ["0"]).Ok);
        await UntilAsync(() => _server.Count(JoinPaths.Leave) == 1);
        _time.Advance(Stop);
        await UntilAsync(() => _server.Count(JoinPaths.Join) == 2);

        Assert.Contains("\"fresh\":true", _server.Asked.Last(asked => asked.Path == JoinPaths.Join).Body, StringComparison.Ordinal);
    }

    /// <summary>A machine boots and asks to join.</summary>
    /// <returns>When it no longer waits for the answer, and what answers that it may.</returns>
    private async Task<(CancellationToken HungUp, Action Answer)> AsksAsync()
    {
        var asks = new TaskCompletionSource<CancellationToken>(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.Answer(JoinPaths.Join, async http =>
        {
            asks.SetResult(http.RequestAborted);
            await release.Task;
            await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(http.Response, Grant("tide-1"), CancellationToken.None);
        });
        Boot(Told());
        await UntilAsync(() => asks.Task.IsCompleted);
        return (await asks.Task, release.SetResult);
    }

    /// <summary>Waits until all agents have ended; what they began has time to become a node.</summary>
    private async Task EndAsync()
    {
        await _machines.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, CancellationToken.None);
        _time.Advance(Stop);
    }

    private static string Grant(string node) =>
        $$"""{"node":"{{node}}","providerId":"azure:///granted","labels":{"tier":"gold"},"taints":[],"distribution":"kubelet","servers":["https://10.1.0.10:6443"],"authority":"pem","token":"abcdef.0123456789abcdef"}""";

    private string Told(string hash = "sha256:")
    {
        var file = JsonSerializer.Serialize(ScriptedJoinServer.Configuration(_authority, _server.Address), AgentJson.Default.AgentConfiguration)
            .Replace("sha256:", hash, StringComparison.Ordinal);
        return $"#cloud-config\nwrite_files:\n  - path: {AgentConfiguration.Path}\n    encoding: b64\n    content: {Convert.ToBase64String(Encoding.UTF8.GetBytes(file))}\n";
    }

    private void Boot(string customData)
    {
        var model = new ScaleSetSpec { Size = "Standard_D2s_v3", Capacity = 1 }.ToModel("eastus");
        model["properties"]!["virtualMachineProfile"]!["osProfile"]!["customData"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(customData));
        var made = _world.Cloud.CreateOrUpdateScaleSet(Group, Set, model);
        Assert.True(made.Ok, made.Error?.Message);
    }

    private Instance? Current() => _world.Cloud.Find(Group, Set)!.Instances.Values.FirstOrDefault();

    private IReadOnlyList<KubeObject> Nodes()
    {
        lock (_world.Agenda.Gate)
        {
            return [.. _world.Kubernetes.Store.List(Kinds.Node)];
        }
    }

    private static async ValueTask<Stream> DialAsync(string host, int port, CancellationToken ct)
    {
        var client = new TcpClient();
        await client.ConnectAsync(host, port, ct);
        return client.GetStream();
    }

    private async Task UntilAsync(Func<bool> holds)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30), $"It did not come to hold.\n{_log.Text}");
            _time.Advance(Look);
            await Task.Delay(Look, TimeProvider.System, Ct);
        }
    }
}
