using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Ebb.Sandbox;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Cloud;
using Ebb.Sandbox.Kubernetes;
using Ebb.Sandbox.Kubernetes.Face;
using Ebb.Sandbox.Kubernetes.Kubelet;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;
using Ebb.Sandbox.Machines;
using Ebb.Simulation;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Sandbox.World;

/// <summary>Hollow machines of an API server that they reach over HTTPS only: here the sandbox's own.</summary>
public sealed class RemoteKubeletTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    // That of the machines: it passes while something is waited for, and where a test lets more of it pass.
    private readonly VirtualTime _time = new(TimeProvider.System.GetUtcNow());
    private readonly Agenda _elsewhere = new(TimeProvider.System);
    private readonly Authority _authority = Authority.Create("test", TimeProvider.System);
    private readonly Outage _outage = new();
    private Agenda _agenda = null!;
    private KubernetesWorld _cluster = null!;
    private KubernetesFace _face = null!;
    private HttpClient _http = null!;
    private CloudWorld _cloud = null!;
    private RemoteHollowMachines _machines = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _agenda = new Agenda(_time);
        _cluster = new KubernetesWorld(_elsewhere, new KubernetesOptions());
        _cluster.Begin();
        _face = await KubernetesFace.StartAsync(_cluster.Api, _authority, new KubernetesFaceOptions { AdminToken = "secret" }, Ct);
        _outage.InnerHandler = Handler(client: null);
        _http = new HttpClient(_outage) { BaseAddress = _face.Address, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", "secret") } };
        var at = new Latency(TimeSpan.Zero, TimeSpan.Zero);
        _cloud = new CloudWorld(_agenda, new CloudOptions { Accept = at, Create = at, Boot = at, Stop = at, Delete = at });
        var hollow = new HollowOptions { Register = at, Ready = at, Notice = at, Start = at, Stop = TimeSpan.FromMilliseconds(10) };
        _machines = await RemoteHollowMachines.StartAsync(
            _cloud,
            _http,
            _authority.Certificate,
            new RemoteHollowOptions { Hollow = hollow, PutRightWithin = TimeSpan.FromSeconds(0.2) },
            NullLogger<RemoteHollowMachines>.Instance,
            Ct);
        _cloud.PutResourceGroup("farm", "eastus", null);
        Assert.True(_cloud.CreateOrUpdateScaleSet("farm", "agents", new ScaleSetSpec { Size = "Standard_D4s_v5", Capacity = 2 }.ToModel("eastus")).Ok);
    }

    public async ValueTask DisposeAsync()
    {
        await _machines.DisposeAsync();
        _http.Dispose();
        await _face.DisposeAsync();
        _authority.Dispose();
        _agenda.Dispose();
        _elsewhere.Dispose();
    }

    [Fact]
    public async Task A_machine_that_boots_becomes_a_node_that_lives()
    {
        await UntilAsync(() => Nodes().Count(n => n.Ready == "True") == 2);
        await UntilAsync(() => _cluster.Store.Count(Kinds.Lease) == 2);

        var node = _cluster.Store.List(Kinds.Node).First();
        var lease = _cluster.Store.Get(Kinds.Lease, "kube-node-lease", node.Name)!;
        Assert.StartsWith("azure://", node.Json["spec"].Text("providerID"), StringComparison.Ordinal);
        Assert.Equal([node.Uid], lease.OwnerUids);
        Assert.Equal("127.0.0.1", node.Json["status"].Objects("addresses").First().Text("address"));
    }

    [Fact]
    public async Task Pods_run_and_end_as_their_scripts_say_and_a_deleted_one_goes()
    {
        Pod("done", "echo hello; exit 3");
        Pod("endless", "sleep 3600");

        await UntilAsync(() => Phase("done") == "Failed" && Phase("endless") == "Running");
        var ended = _cluster.Store.Get(Kinds.Pod, "default", "done")!.Json["status"].Objects("containerStatuses").Single();
        _cluster.Store.Delete(Kinds.Pod, "default", "endless", DeleteOptions.Default);
        await UntilAsync(() => Phase("endless") is null);

        Assert.Equal(3, ended.At("state", "terminated").Number("exitCode"));
    }

    [Fact]
    public async Task What_became_of_pods_while_the_api_server_was_away_is_told_when_it_is_back()
    {
        await UntilAsync(() => Nodes().Count(n => n.Ready == "True") == 2);
        Pod("work", "sleep 60");
        await UntilAsync(() => Phase("work") == "Running");

        _outage.Away = true;
        _time.Advance(Minute);
        await UntilAsync(() => _agenda.Held(() => _machines.Kubelets.RunningPods) == 0);
        var meanwhile = Phase("work");
        Pod("later", "sleep 0");
        _cluster.Store.Compact();
        _outage.Away = false;

        Assert.Equal("Running", meanwhile);
        await UntilAsync(() => Phase("work") == "Succeeded" && Phase("later") == "Succeeded");
    }

    [Fact]
    public async Task What_others_write_over_the_status_of_a_node_is_put_right()
    {
        await UntilAsync(() => Nodes().Count(n => n.Ready == "True") == 2);
        var node = _cluster.Store.List(Kinds.Node).First();

        _cluster.Store.Update(_cluster.Store.Get(Kinds.Node, "", node.Name)!, json => json.SetCondition("Ready", null, _elsewhere.Now));

        await UntilAsync(() => Nodes().Count(n => n.Ready == "True") == 2);
    }

    [Fact]
    public async Task What_others_write_over_the_status_of_a_node_while_it_is_being_said_is_put_right_too()
    {
        var answers = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _outage.StatusAnswered = answers.Task;
        await UntilAsync(() => Nodes().Count(n => n.Ready == "True") == 2);
        var node = _cluster.Store.List(Kinds.Node).First();
        await UntilAsync(() => Seen() is { Ready: "True", Taints.IsEmpty: true });

        _cluster.Store.Update(_cluster.Store.Get(Kinds.Node, "", node.Name)!, json => json.SetCondition("Ready", null, _elsewhere.Now));

        // Its taint is the last word of others: nothing more is heard of the node.
        await UntilAsync(() => Seen() is { Ready: "Unknown", Taints.IsEmpty: false });
        answers.SetResult();

        await UntilAsync(() => Nodes().Count(n => n.Ready == "True") == 2);

        NodeView? Seen() => _agenda.Held(() => _machines.Kubelets.Api.Node(node.Name));
    }

    [Fact]
    public async Task What_others_write_over_the_status_of_a_pod_while_it_is_being_said_is_put_right_too()
    {
        var answers = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await UntilAsync(() => Nodes().Count(n => n.Ready == "True") == 2);
        _outage.StatusAnswered = answers.Task;
        Pod("work", "sleep 3600");
        await UntilAsync(() => Seen() is { Phase: "Running", Ready: true });

        _cluster.Store.Update(_cluster.Store.Get(Kinds.Pod, "default", "work")!, json => json.SetCondition("Ready", false, _elsewhere.Now));
        await UntilAsync(() => Seen() is { Ready: false });
        answers.SetResult();

        await UntilAsync(() => Seen() is { Ready: true });

        PodView? Seen() => _agenda.Held(() => _machines.Kubelets.Api.PodsOn("agents000000").Concat(_machines.Kubelets.Api.PodsOn("agents000001")).Select(PodView.Of).SingleOrDefault());
    }

    [Fact]
    public async Task A_machine_without_power_says_nothing_more()
    {
        await UntilAsync(() => Nodes().Count(n => n.Ready == "True") == 2);
        Pod("work", "sleep 60", "agents000000");
        await UntilAsync(() => Phase("work") == "Running");
        Pod("later", "sleep 60", "agents000001");
        await UntilAsync(() => Phase("later") == "Running");

        _cloud.DeleteInstances("farm", "agents", ["0"], force: false);
        await UntilAsync(() => _cloud.Find("farm", "agents")!.Instances.Count == 1);
        _time.Advance(Minute);
        await UntilAsync(() => Phase("later") == "Succeeded");

        Assert.Equal("Running", Phase("work"));
    }

    [Fact]
    public async Task The_api_server_reads_logs_at_the_address_of_the_node_and_nobody_else_does()
    {
        Pod("speaks", "echo hello; echo again; sleep 60; echo bye");
        Pod("waits", "echo hello; echo again; sleep 1000");
        await UntilAsync(() => Phase("speaks") == "Running" && Phase("waits") == "Running");
        var status = _cluster.Store.List(Kinds.Node).First().Json["status"];
        var root = new Uri($"https://{status.Objects("addresses").First().Text("address")}:{status.At("daemonEndpoints", "kubeletEndpoint").Number("Port")}");
        using var apiServer = Client("kube-apiserver-kubelet-client");
        using var node = Client("system:node:other");

        var tail = await apiServer.GetStringAsync(new Uri(root, "containerLogs/default/waits/main?tailLines=1"), Ct);
        using var follow = new StreamReader(await apiServer.GetStreamAsync(new Uri(root, "containerLogs/default/speaks/main?follow=true"), Ct));
        var exec = await apiServer.PostAsync(new Uri(root, "exec/default/speaks/main?command=ls"), null, Ct);
        var other = await Record.ExceptionAsync(() => node.GetStringAsync(new Uri(root, "containerLogs/default/speaks/main"), Ct));

        var all = follow.ReadToEndAsync(Ct);
        _time.Advance(Minute);
        await UntilAsync(() => all.IsCompleted);

        Assert.Equal("again\n", tail);
        Assert.Equal("hello\nagain\nbye\n", await all);
        Assert.Equal(HttpStatusCode.NotImplemented, exec.StatusCode);
        Assert.IsType<HttpRequestException>(other);

        HttpClient Client(string name) => new(Handler(_authority.IssueClient(name)));
    }

    private List<NodeView> Nodes() => [.. _cluster.Store.List(Kinds.Node).Select(NodeView.Of)];

    private string? Phase(string pod)
    {
        lock (_elsewhere.Gate)
        {
            return _cluster.Store.Get(Kinds.Pod, "default", pod) is { } found ? PodView.Of(found).Phase : null;
        }
    }

    /// <param name="node">Null: wherever the scheduler puts it.</param>
    private void Pod(string name, string script, string? node = null)
    {
        var pod = JsonNode.Parse($$"""{"metadata":{"name":"{{name}}"},"spec":{"restartPolicy":"Never",{{WorldUnderTest.Runs(script)}} } }""")!.AsObject();
        if (node is not null)
        {
            pod["spec"]!["nodeName"] = node;
        }

        _cluster.Store.Create(Kinds.Pod, pod);
    }

    private async Task UntilAsync(Func<bool> isSo)
    {
        using var deadline = new CancellationTokenSource(Patience, TimeProvider.System);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct, deadline.Token);
        while (!isSo())
        {
            _time.Advance(Look);
            await Task.Delay(Look, TimeProvider.System, patience.Token);
        }
    }

    private static SocketsHttpHandler Handler(X509Certificate2? client) => new()
    {
        UseProxy = false,
        SslOptions = new SslClientAuthenticationOptions
        {
            // API servers do not check that of a kubelet either.
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
            LocalCertificateSelectionCallback = client is null ? null : (_, _, _, _, _) => client,
        },
    };
}
