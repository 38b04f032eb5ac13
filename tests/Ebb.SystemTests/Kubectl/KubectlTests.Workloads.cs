namespace Ebb.SystemTests.Kubectl;

public abstract partial class KubectlTests
{
    private const string Job = """
        apiVersion: batch/v1
        kind: Job
        metadata: {name: frames}
        spec:
          completions: 2
          parallelism: 2
          template:
            spec:
              restartPolicy: Never
              containers:
              - {name: c, image: busybox, command: [sleep, "0.2"]}
        """;

    [Fact]
    public async Task Deployments_scale_and_roll_out()
    {
        var ns = await NamespaceAsync("scale");
        await Kubectl.RunAsync("apply", "-n", ns, "-f", world.Write("scale.yaml", Deployment));

        var scaled = await Kubectl.RunAsync("scale", "-n", ns, "deploy/web", "--replicas=3");
        var status = await Kubectl.RunAsync("rollout", "status", "-n", ns, "deploy/web", "--timeout=30s");
        await Kubectl.RunAsync("set", "image", "-n", ns, "deploy/web", "c=busybox:9");
        await Kubectl.RunAsync("rollout", "status", "-n", ns, "deploy/web", "--timeout=30s");
        var history = await Kubectl.RunAsync("rollout", "history", "-n", ns, "deploy/web");

        Assert.Equal("deployment.apps/web scaled\n", scaled);
        Assert.Contains("successfully rolled out", status, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^2\s", history);
        Assert.Matches(@"web\s+3/3\s+3\s+3", await Kubectl.RunAsync("get", "-n", ns, "deploy", "web"));
    }

    [Theory]
    [InlineData("statefulset")]
    [InlineData("daemonset")]
    public async Task A_rollout_is_undone_to_the_revision_before(string kind)
    {
        var ns = await NamespaceAsync("undo-" + kind);
        await Kubectl.RunAsync("apply", "-n", ns, "-f", world.Write(kind + ".yaml", Workload(kind)));
        await Kubectl.RunAsync("rollout", "status", "-n", ns, kind + "/agent", "--timeout=30s");
        await Kubectl.RunAsync("set", "image", "-n", ns, kind + "/agent", "c=busybox:9");
        await Kubectl.RunAsync("rollout", "status", "-n", ns, kind + "/agent", "--timeout=30s");

        var undone = await Kubectl.RunAsync("rollout", "undo", "-n", ns, kind + "/agent");
        await Kubectl.RunAsync("rollout", "status", "-n", ns, kind + "/agent", "--timeout=30s");
        var history = await Kubectl.RunAsync("rollout", "history", "-n", ns, kind + "/agent");
        var images = await Kubectl.RunAsync("get", "-n", ns, "pods", "-o", "jsonpath={.items[*].spec.containers[0].image}");

        Assert.Contains("rolled back", undone, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^3\s", history);
        Assert.All(images.Split(' '), image => Assert.Equal("busybox:1", image));
    }

    private static string Workload(string kind) => """
        apiVersion: apps/v1
        kind: KIND
        metadata: {name: agent}
        spec:
          selector: {matchLabels: {app: agent}}
          template:
            metadata: {labels: {app: agent}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - {name: c, image: "busybox:1", command: [sleep, "3600"], resources: {requests: {cpu: 10m, memory: 16Mi}}}
        """.Replace("KIND", kind == "daemonset" ? "DaemonSet" : "StatefulSet", StringComparison.Ordinal);

    [Fact]
    public async Task A_job_is_waited_for_and_its_log_read()
    {
        var ns = await NamespaceAsync("job");
        await PodAsync(ns);
        await Kubectl.RunAsync("create", "-n", ns, "-f", world.Write("job.yaml", Job));

        var done = await Kubectl.RunAsync("wait", "-n", ns, "--for=condition=complete", "job/frames", "--timeout=40s");
        var log = await Kubectl.RunAsync("logs", "-n", ns, "one");
        var tail = await Kubectl.RunAsync("logs", "-n", ns, "one", "--tail=1", "--timestamps");

        Assert.Equal("job.batch/frames condition met\n", done);
        Assert.Matches(@"frames\s+(Complete\s+)?2/2", await Kubectl.RunAsync("get", "-n", ns, "jobs"));
        Assert.Equal("hello\n", log);
        Assert.Matches(@"^\d{4}-\d\d-\d\dT.*Z hello\n$", tail);
    }

    [Fact]
    public async Task Usage_is_shown_for_nodes_and_pods()
    {
        var ns = await NamespaceAsync("top");
        await PodAsync(ns);

        var nodes = await Kubectl.RunAsync("top", "nodes");
        var pods = await Kubectl.RunAsync("top", "pods", "-n", ns);

        Assert.Matches(@"n1\s+\d+m\s+\d+%\s+\d+Mi\s+\d+%", nodes);
        Assert.Matches(@"one\s+50m\s+64Mi", pods);
    }
}
