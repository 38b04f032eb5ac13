using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Tests.Sandbox.World;

public sealed class WorkloadTests : IDisposable
{
    private readonly WorldUnderTest _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_deployment_brings_up_its_pods_and_says_so()
    {
        _world.Nodes(2);
        Deploy("web", replicas: 3, image: "web:1");

        _world.Pass(15);

        var status = _world.Get(Kinds.Deployment, "web")!.Json["status"];
        Assert.Equal((3, 3, 3), (status.Number("updatedReplicas"), status.Number("readyReplicas"), status.Number("availableReplicas")));
        Assert.Equal("True", _world.Condition(Kinds.Deployment, "web", "Available"));
        Assert.Equal("NewReplicaSetAvailable", _world.Get(Kinds.Deployment, "web")!.Json.Condition("Progressing").Text("reason"));
        Assert.Equal(1, status.Number("observedGeneration"));
    }

    [Fact]
    public void A_rolling_update_never_has_too_few_or_too_many_pods()
    {
        _world.Nodes(2);
        Deploy("web", replicas: 4, image: "web:1");
        _world.Pass(15);
        var counts = new List<(int All, int Ready)>();

        _world.Edit(Kinds.Deployment, "web", web => Image(web, "web:2"));
        for (var i = 0; i < 600; i++)
        {
            _world.Pass(0.1);
            counts.Add((
                _world.Pods().Count(pod => !pod.Terminating),
                _world.Pods().Count(pod => pod.Ready && !pod.Terminating)));
        }

        Assert.Equal(["web:2"], Images());
        Assert.InRange(counts.Max(c => c.All), 5, 5);
        Assert.InRange(counts.Min(c => c.Ready), 3, 4);
        Assert.Equal("2", _world.Get(Kinds.Deployment, "web")!.Metadata.At("annotations").Text("deployment.kubernetes.io/revision"));
        Assert.Equal(2, _world.Store.List(Kinds.ReplicaSet).Count());
    }

    [Fact]
    public void Going_back_to_an_earlier_template_uses_its_replica_set_again()
    {
        _world.Nodes(1);
        Deploy("web", replicas: 2, image: "web:1");
        _world.Pass(15);
        var first = _world.Store.List(Kinds.ReplicaSet).Single().Name;
        _world.Edit(Kinds.Deployment, "web", web => Image(web, "web:2"));
        _world.Pass(30);

        _world.Edit(Kinds.Deployment, "web", web => Image(web, "web:1"));
        _world.Pass(30);

        var sets = _world.Store.List(Kinds.ReplicaSet).ToDictionary(set => set.Name, set => set.Json);
        Assert.Equal(2, sets.Count);
        Assert.Equal(2, sets[first]["spec"].Number("replicas"));
        Assert.Equal("3", sets[first]["metadata"].At("annotations").Text("deployment.kubernetes.io/revision"));
    }

    [Fact]
    public void A_deployment_that_gets_nowhere_says_so_after_its_deadline()
    {
        Deploy("web", replicas: 1, image: "web:1", extra: "\"progressDeadlineSeconds\":60,");

        _world.Pass(90);

        Assert.Equal("ProgressDeadlineExceeded", _world.Get(Kinds.Deployment, "web")!.Json.Condition("Progressing").Text("reason"));
    }

    [Fact]
    public void Deleting_a_deployment_takes_its_sets_and_pods_along()
    {
        _world.Nodes(1);
        Deploy("web", replicas: 2, image: "web:1");
        _world.Pass(15);

        _world.Delete(Kinds.Deployment, "web");
        _world.Pass(10);

        Assert.Empty(_world.Store.List(Kinds.ReplicaSet));
        Assert.Empty(_world.Pods());
    }

    [Fact]
    public void Deleting_in_the_foreground_waits_for_the_dependents()
    {
        _world.Nodes(1);
        Deploy("web", replicas: 1, image: "web:1");
        _world.Pass(15);

        _world.Delete(Kinds.Deployment, "web", new DeleteOptions { Propagation = Propagation.Foreground });
        var during = _world.Get(Kinds.Deployment, "web");
        _world.Pass(10);

        Assert.True(during!.Deleting);
        Assert.Null(_world.Get(Kinds.Deployment, "web"));
        Assert.Empty(_world.Pods());
    }

    [Fact]
    public void Orphans_stay()
    {
        _world.Nodes(1);
        Deploy("web", replicas: 1, image: "web:1");
        _world.Pass(15);

        _world.Delete(Kinds.Deployment, "web", new DeleteOptions { Propagation = Propagation.Orphan });
        _world.Pass(10);

        Assert.Null(_world.Get(Kinds.Deployment, "web"));
        Assert.Null(OwnerRef.ControllerOf(Assert.Single(_world.Store.List(Kinds.ReplicaSet)).Metadata));
        Assert.Single(_world.Pods());
    }

    [Fact]
    public void What_is_created_for_an_owner_that_is_gone_is_deleted()
    {
        _world.Create(Kinds.ConfigMap, """
            {"metadata":{"name":"left","ownerReferences":[{"apiVersion":"batch/v1","kind":"Job","name":"gone","uid":"1"}]}}
            """);

        _world.Pass(1);

        Assert.Null(_world.Get(Kinds.ConfigMap, "left"));
    }

    [Fact]
    public void A_stateful_set_starts_its_pods_in_order_each_with_its_volume()
    {
        _world.Nodes(2);
        _world.Create(Kinds.StatefulSet, """
            {"metadata":{"name":"db"},"spec":{"replicas":3,"serviceName":"db","selector":{"matchLabels":{"app":"db"}},
             "template":{"metadata":{"labels":{"app":"db"}},"spec":{"containers":[{"name":"db","image":"db:1"}]}},
             "volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}]}}
            """);
        var order = new List<string>();
        _world.Store.Subscribe(change =>
        {
            if (change.Object.Kind == Kinds.Pod && change.Type is StoreEventType.Added)
            {
                order.Add(change.Object.Name + " beside " + _world.Pods().Count(pod => pod.Ready));
            }
        });

        _world.Pass(30);

        Assert.Equal(["db-0 beside 0", "db-1 beside 1", "db-2 beside 2"], order);
        Assert.Equal(["data-db-0", "data-db-1", "data-db-2"], _world.Store.List(Kinds.PersistentVolumeClaim).Select(c => c.Name));
        Assert.All(_world.Store.List(Kinds.PersistentVolumeClaim), c => Assert.Equal("Bound", c.Json["status"].Text("phase")));
        Assert.Equal(3, _world.Get(Kinds.StatefulSet, "db")!.Json["status"].Number("readyReplicas"));
    }

    [Fact]
    public void A_stateful_set_goes_down_from_the_highest_number()
    {
        _world.Nodes(1);
        _world.Create(Kinds.StatefulSet, """
            {"metadata":{"name":"db"},"spec":{"replicas":3,"podManagementPolicy":"Parallel","selector":{"matchLabels":{"app":"db"}},
             "template":{"metadata":{"labels":{"app":"db"}},"spec":{"containers":[{"name":"db","image":"db:1"}]}}}}
            """);
        _world.Pass(10);

        _world.Edit(Kinds.StatefulSet, "db", db => db["spec"]!["replicas"] = 1);
        _world.Pass(20);

        Assert.Equal("db-0", Assert.Single(_world.Pods()).Name);
    }

    [Fact]
    public void A_daemon_set_runs_on_every_node_that_it_fits_cordoned_ones_too()
    {
        _world.Nodes(3, node => node.Name == "node-2" ? node with { Taints = ["gpu=yes:NoSchedule"] } : node);
        _world.Store.Update(_world.Store.Get(Kinds.Node, "", "node-1")!, node => node["spec"]!["unschedulable"] = true);
        _world.Create(Kinds.DaemonSet, """
            {"metadata":{"name":"logs"},"spec":{"selector":{"matchLabels":{"app":"logs"}},
             "template":{"metadata":{"labels":{"app":"logs"}},"spec":{"containers":[{"name":"logs","image":"logs:1"}]}}}}
            """);

        _world.Pass(10);

        Assert.Equal(["node-0", "node-1"], _world.Pods().Select(pod => pod.NodeName).Order());
        var status = _world.Get(Kinds.DaemonSet, "logs")!.Json["status"];
        Assert.Equal((2, 2), (status.Number("desiredNumberScheduled"), status.Number("numberReady")));
    }

    [Fact]
    public void A_daemon_set_follows_new_nodes()
    {
        _world.Create(Kinds.DaemonSet, """
            {"metadata":{"name":"logs"},"spec":{"selector":{"matchLabels":{"app":"logs"}},
             "template":{"metadata":{"labels":{"app":"logs"}},"spec":{"containers":[{"name":"logs","image":"logs:1"}]}}}}
            """);

        _world.Nodes(2);
        _world.Pass(10);

        Assert.Equal(["node-0", "node-1"], _world.Pods().Select(pod => pod.NodeName).Order());
    }

    [Fact]
    public void A_cron_job_starts_a_job_when_it_is_time()
    {
        _world.Nodes(1);
        Cron("nightly", "*/5 * * * *", "");

        _world.Pass(60 * 16);

        Assert.Equal(3, _world.Store.List(Kinds.Job).Count());
        Assert.All(_world.Store.List(Kinds.Job), job => Assert.Equal("True", job.Json.Condition("Complete").Text("status")));
        Assert.Equal("2026-01-01T00:15:00Z", _world.Get(Kinds.CronJob, "nightly")!.Json["status"].Text("lastScheduleTime"));
    }

    [Theory]
    [InlineData("Allow", 2)]
    [InlineData("Forbid", 1)]
    [InlineData("Replace", 1)]
    public void A_cron_job_does_as_its_concurrency_policy_says(string policy, int running)
    {
        _world.Nodes(1);
        Cron("slow", "* * * * *", $"\"concurrencyPolicy\":\"{policy}\",", script: "sleep 110");

        _world.Pass(130);

        Assert.Equal(running, _world.Pods().Count(pod => pod.Active));
    }

    [Fact]
    public void A_budget_counts_how_many_pods_may_go()
    {
        _world.Nodes(2);
        Deploy("web", replicas: 3, image: "web:1");
        _world.Create(Kinds.PodDisruptionBudget, """
            {"metadata":{"name":"web"},"spec":{"minAvailable":2,"selector":{"matchLabels":{"app":"web"}}}}
            """);
        _world.Pass(20);
        var before = _world.Get(Kinds.PodDisruptionBudget, "web")!.Json["status"];

        _world.World.Kubelets.Kill("node-0");
        _world.Pass(60);

        var after = _world.Get(Kinds.PodDisruptionBudget, "web")!.Json["status"];
        Assert.Equal((3, 2, 1), (before.Number("currentHealthy"), before.Number("desiredHealthy"), before.Number("disruptionsAllowed")));
        Assert.Equal(0, after.Number("disruptionsAllowed"));
        Assert.Equal(3, after.Number("expectedPods"));
    }

    [Fact]
    public void A_service_lists_its_ready_pods()
    {
        _world.Nodes(1);
        _world.Create(Kinds.Service, """{"metadata":{"name":"web"},"spec":{"selector":{"app":"web"},"ports":[{"port":80,"targetPort":8080}]}}""");
        Deploy("web", replicas: 2, image: "web:1");

        _world.Pass(20);

        var subset = Assert.Single(_world.Get(Kinds.Endpoints, "web")!.Json.Objects("subsets"));
        Assert.Equal(2, subset.Objects("addresses").Count());
        Assert.Equal(8080, Assert.Single(subset.Objects("ports")).Number("port"));
        Assert.Equal(2, _world.Store.List(Kinds.EndpointSlice).Single().Json.Objects("endpoints").Count());
    }

    private void Deploy(string name, int replicas, string image, string extra = "") => _world.Create(
        Kinds.Deployment,
        "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"replicas\":" + replicas + "," + extra
        + "\"selector\":{\"matchLabels\":{\"app\":\"" + name + "\"}},"
        + "\"template\":{\"metadata\":{\"labels\":{\"app\":\"" + name + "\"}},\"spec\":{\"terminationGracePeriodSeconds\":30,"
        + "\"tolerations\":[{\"operator\":\"Exists\",\"effect\":\"NoExecute\",\"tolerationSeconds\":300}],"
        + "\"containers\":[{\"name\":\"main\",\"image\":\"" + image + "\"}]}}}}");

    private void Cron(string name, string schedule, string extra, string script = "sleep 5") => _world.Create(
        Kinds.CronJob,
        "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"schedule\":\"" + schedule + "\"," + extra
        + "\"jobTemplate\":{\"spec\":{\"template\":{\"spec\":{\"restartPolicy\":\"Never\"," + WorldUnderTest.Runs(script) + "}}}}}}");

    private static void Image(JsonObject deployment, string image) =>
        deployment["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = image;

    private IEnumerable<string?> Images() =>
        _world.Store.List(Kinds.Pod).Select(pod => pod.Json["spec"].Objects("containers").First().Text("image")).Distinct();
}
