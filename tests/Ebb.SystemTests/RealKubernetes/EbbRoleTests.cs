using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Ebb.Acting;
using Ebb.Cli.ControlPlane.Access;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.SystemTests.Commands;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>Ebb's own user against a real API server: it may do all that the controller does, and nothing else.</summary>
[Collection(nameof(AccessCluster))]
public sealed class EbbRoleTests(AccessCluster cluster)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    public static TheoryData<string, string, string?> Refused => new()
    {
        { "GET", "/api/v1/secrets", null },
        { "GET", "/api/v1/namespaces/kube-system/secrets/any", null },
        { "POST", "/api/v1/namespaces/default/pods", """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""" },
        { "DELETE", "/api/v1/namespaces/default/pods/any", null },
        { "DELETE", "/api/v1/namespaces/default/pods", null },
        { "PATCH", "/api/v1/namespaces/default/pods/any", "{}" },
        { "PATCH", "/api/v1/namespaces/default/pods/any/status", "{}" },
        { "POST", "/api/v1/namespaces/default/pods/any/binding", """{"apiVersion":"v1","kind":"Binding","metadata":{"name":"any"},"target":{"kind":"Node","name":"n"}}""" },
        { "POST", "/api/v1/namespaces/default/pods/any/exec?command=id&stdout=1", null },
        { "GET", "/api/v1/namespaces/default/pods/any/log", null },
        { "POST", "/api/v1/nodes", """{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}""" },
        { "PUT", "/api/v1/nodes/n", """{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}""" },
        { "PATCH", "/api/v1/nodes/n/status", "{}" },
        { "DELETE", "/api/v1/nodes", null },
        { "GET", "/api/v1/nodes/n/proxy/metrics", null },
        { "DELETE", "/api/v1/namespaces/default", null },
        { "PATCH", "/api/v1/persistentvolumes/any", "{}" },
        { "PATCH", "/apis/apps/v1/namespaces/kube-system/daemonsets/any", "{}" },
        { "PATCH", "/apis/policy/v1beta1/namespaces/default/poddisruptionbudgets/any", "{}" },
        { "GET", "/api/v1/namespaces/kube-system/configmaps", null },
        { "GET", "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication", null },
        { "PATCH", "/api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt", "{}" },
        { "DELETE", "/api/v1/namespaces/kube-system/configmaps/ebb-status", null },
        { "POST", "/api/v1/namespaces/default/configmaps", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"any"}}""" },
        { "GET", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler", null },
        { "PUT", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler", """{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"kube-scheduler"}}""" },
        { "DELETE", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/ebb-controller", null },
        { "GET", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", null },
        { "POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", """{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"up"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"ebb"}]}""" },
        { "PATCH", "/apis/rbac.authorization.k8s.io/v1/clusterroles/ebb", """{"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}""" },
        { "POST", "/api/v1/namespaces/kube-system/serviceaccounts/default/token", """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"audiences":["a"]}}""" },
        { "POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests", """{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"c"},"spec":{"request":"QQ==","signerName":"kubernetes.io/kube-apiserver-client","usages":["client auth"]}}""" },
        { "GET", "/metrics", null },
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_may_do_everything_that_the_controller_does()
    {
        await cluster.UpAsync(Ct);
        using var admin = AccessCluster.Client(cluster.Plane.AdminKubeconfig);
        var (node, pod) = await FurnishAsync(admin);
        var seen = new ConcurrentQueue<Answered>();
        using var client = AccessCluster.Client(cluster.Plane.EbbKubeconfig, seen);
        using var discovery = new ApiDiscovery(client, TimeProvider.System);
        var events = new EventRecorder(client, "ebb", "test", TimeProvider.System, new Random(1));
        var ebb = new ApiKubernetes(client, discovery, events, TimeProvider.System, new Random(2), NullLogger<ApiKubernetes>.Instance);

        await WatchAllAsync(ebb, seen);
        Assert.Equal(pod.Metadata.Uid, Assert.Single(await ebb.PodsOnAsync(node.Metadata.Name, Ct)).Metadata.Uid);
        Assert.NotNull(await ebb.NodeAsync(node.Metadata.Name, Ct));
        var mark = new NodeChange { Retiring = "NoSchedule", Annotations = new Dictionary<string, string?> { [Marks.Reason] = "tried" } };
        Assert.Equal(ChangeResult.Changed, await ebb.ChangeNodeAsync(node.Metadata.Name, mark, Ct));
        foreach (var about in new V1ObjectReference[] { new() { Kind = "Node", Name = node.Metadata.Name }, new() { Kind = "Pod", Namespace = "work", Name = "p" } })
        {
            // Told twice, an Event is written and then counted.
            await ebb.TellAsync(about, warning: false, "Tried", "as the role allows", Ct);
            await ebb.TellAsync(about, warning: false, "Tried", "as the role allows", Ct);
        }

        await ebb.RememberAsync(new Dictionary<string, string?> { ["a"] = "1" }, Ct);
        await ebb.RememberAsync(new Dictionary<string, string?> { ["b"] = "2" }, Ct);
        Assert.Equal(2, (await ebb.RecallAsync(Ct)).Count);
        var election = new LeaderElection(ebb, "it", TimeProvider.System, new Random(3), NullLogger<LeaderElection>.Instance);
        await election.RunAsync((_, _) => Task.CompletedTask, Ct);
        Assert.Equal("", (await ebb.LeaseAsync(Ct))!.Spec.HolderIdentity ?? "");
        Assert.Equal(EvictResult.Evicting, await ebb.EvictAsync("work", "p", pod.Metadata.Uid, Ct));
        await ebb.DeleteNodeAsync(node.Metadata.Name, node.Metadata.Uid, Ct);

        Assert.Null(await ebb.NodeAsync(node.Metadata.Name, Ct));
        Assert.DoesNotContain(seen, answered => answered.Status is 401 or 403);
        Assert.Contains(seen, answered => answered.Method == HttpMethod.Patch && answered.Path.Contains("/events/", StringComparison.Ordinal));
        Assert.Contains(seen, answered => answered.Method == HttpMethod.Put && answered.Path.Contains("/leases/", StringComparison.Ordinal));
    }

    /// <summary>What is tried above is all there is: a new request of the controller's must be added there.</summary>
    [Fact]
    public void Every_request_of_the_controller_is_tried()
    {
        Assert.Equal(
            [
                "ChangeNodeAsync", "DeleteNodeAsync", "EvictAsync", "LeaseAsync", "NodeAsync", "PodsOnAsync", "PutLeaseAsync", "RecallAsync",
                "RememberAsync", "TellAsync", "WatchAsync",
            ],
            typeof(IKubernetes).GetMethods().Select(method => method.Name)
                .Where(name => name.EndsWith("Async", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_the_role_lacks_is_refused(string method, string path, string? body)
    {
        await cluster.UpAsync(Ct);

        var answer = await cluster.SendAsync(cluster.Plane.EbbKubeconfig, HttpMethod.Parse(method), path, body, Ct);

        Assert.True(answer.Status == 403, $"{method} {path}: {answer.Status} {answer.Body}");
        Assert.Contains("""User \"ebb\" cannot""", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_may_not_speak_as_anyone_else()
    {
        await cluster.UpAsync(Ct);
        var kubeconfig = new Ebb.Kubernetes.Config.Kubeconfig(Ebb.Cli.Clusters.Yaml.ToJson, _ => null, TimeProvider.System)
            .Load(cluster.Plane.EbbKubeconfig, null);
        using var client = new KubeClient(
            kubeconfig with { Impersonation = [new("Impersonate-User", "kubernetes-admin"), new("Impersonate-Group", "system:masters")] },
            TimeProvider.System,
            NullLogger<KubeClient>.Instance);

        var e = await Assert.ThrowsAsync<KubeException>(() => client.ListAsync(Resources.Nodes, Selection.All, fromCache: false, Ct));

        Assert.Equal(HttpStatusCode.Forbidden, e.Code);
    }

    /// <summary>All eight kinds, each listed and watched.</summary>
    private static async Task WatchAllAsync(ApiKubernetes ebb, ConcurrentQueue<Answered> seen)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var state = new ClusterState();
        var watching = ebb.WatchAsync(state, stop.Token);
        try
        {
            await Shell.UntilAsync("every kind is listed and watched", Soon, () => Task.FromResult(
                state.Synced && seen.Where(a => a.Path.Contains("watch=1", StringComparison.Ordinal) && a.Status == 200)
                    .Select(a => a.Path.Split('?')[0]).Distinct().Count() == ClusterState.Watched.Count));
        }
        finally
        {
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
        }
    }

    private static async Task<(V1Node Node, V1Pod Pod)> FurnishAsync(KubeClient admin)
    {
        await admin.CreateAsync(Resources.Namespaces, new V1Namespace { Metadata = new() { Name = "work" } }, WriteOptions.Default, Ct);
        var accounts = new Resource<V1Any>("v1", "serviceaccounts");
        await Shell.UntilAsync(
            "the namespace has its account", Soon, async () => await admin.FindAsync(accounts, "work", "default", Ct) is not null);
        var node = await admin.CreateAsync(Resources.Nodes, new V1Node { Metadata = new() { Name = "machine-1" } }, WriteOptions.Default, Ct);
        await new Manifest("v1", "Pod", "pods", "work", "p", JsonNode.Parse("""{"spec":{"nodeName":"machine-1","containers":[{"name":"c","image":"none"}]}}""")!.AsObject())
            .ApplyAsync(admin, Ct);
        var pod = await admin.GetAsync(Resources.Pods, "work", "p", Ct);
        return (node, pod);
    }
}
