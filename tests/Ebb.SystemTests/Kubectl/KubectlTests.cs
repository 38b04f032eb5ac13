namespace Ebb.SystemTests.Kubectl;

/// <summary>What users do with kubectl, each with a namespace of its own in one cluster.</summary>
public abstract partial class KubectlTests(KubectlWorld world)
{
    private const string Deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - {name: c, image: "busybox:1", command: [sleep, "3600"], resources: {requests: {cpu: 10m, memory: 16Mi}}}
        """;

    private const string Pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: one, labels: {app: one}}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - {name: c, image: busybox, command: [sh, -c, "echo hello; sleep 3600"], resources: {requests: {cpu: 50m, memory: 64Mi}}}
        """;

    private KubectlBinary Kubectl => world.Kubectl;

    [Fact]
    public async Task What_is_there_is_shown_in_every_form()
    {
        var ns = await NamespaceAsync("get");
        await PodAsync(ns);

        var plain = await Kubectl.RunAsync("get", "-n", ns, "pods");
        var wide = await Kubectl.RunAsync("get", "-n", ns, "pods", "-o", "wide");
        var yaml = await Kubectl.RunAsync("get", "-n", ns, "pod", "one", "-o", "yaml");
        var json = await Kubectl.RunAsync("get", "-n", ns, "pod", "one", "-o", "json");

        Assert.Matches(@"NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s*\none\s+1/1\s+Running\s+0\s+\d+s", plain);
        Assert.Matches(@"NODE\s+NOMINATED NODE\s+READINESS GATES\s*\none\s+1/1.*\s+n\d\s+<none>\s+<none>", wide);
        Assert.Contains("phase: Running", yaml, StringComparison.Ordinal);
        Assert.Contains("\"phase\": \"Running\"", json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Selectors_select_and_sorting_sorts()
    {
        var ns = await NamespaceAsync("select");
        await Kubectl.RunAsync("create", "configmap", "b", "-n", ns, "--from-literal=k=v");
        await Kubectl.RunAsync("create", "configmap", "a", "-n", ns, "--from-literal=k=v");
        await Kubectl.RunAsync("label", "-n", ns, "configmap", "b", "colour=red");

        var red = await Kubectl.RunAsync("get", "-n", ns, "configmap", "-l", "colour in (red,blue)", "-o", "name");
        var other = await Kubectl.RunAsync("get", "-n", ns, "configmap", "-l", "!colour", "-o", "name");
        var named = await Kubectl.RunAsync("get", "-n", ns, "configmap", "--field-selector=metadata.name=a", "-o", "name");
        var sorted = await Kubectl.RunAsync("get", "-n", ns, "configmap", "--sort-by={.metadata.labels.colour}", "--no-headers");

        Assert.Equal("configmap/b\n", red);
        Assert.DoesNotContain("configmap/b", other, StringComparison.Ordinal);
        Assert.Equal("configmap/a\n", named);
        Assert.StartsWith("b", sorted.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_shows_changes_as_they_happen()
    {
        var ns = await NamespaceAsync("watch");
        await Kubectl.RunAsync("create", "configmap", "first", "-n", ns, "--from-literal=k=v");

        var lines = await Kubectl.FollowAsync(
            seen => seen.Any(line => line.StartsWith("second", StringComparison.Ordinal)),
            () => Kubectl.RunAsync("create", "configmap", "second", "-n", ns, "--from-literal=k=v"),
            "get", "-n", ns, "configmap", "-w");

        Assert.Contains(lines, line => line.StartsWith("first", StringComparison.Ordinal));
        Assert.Matches(@"^second\s+1\s+\d+s", lines[^1]);
    }

    [Fact]
    public async Task Describe_tells_of_pods_nodes_jobs_and_deployments()
    {
        var ns = await NamespaceAsync("describe");
        await PodAsync(ns);
        await Kubectl.RunAsync("apply", "-n", ns, "-f", world.Write("describe.yaml", Deployment + "\n---\n" + Job));
        await Kubectl.RunAsync("rollout", "status", "-n", ns, "deploy/web", "--timeout=30s");
        var node = await Kubectl.RunAsync("get", "-n", ns, "pod", "one", "-o", "jsonpath={.spec.nodeName}");

        var pod = await Kubectl.RunAsync("describe", "-n", ns, "pod", "one");
        var machine = await Kubectl.RunAsync("describe", "node", node);
        var job = await Kubectl.RunAsync("describe", "-n", ns, "job", "frames");
        var deployment = await Kubectl.RunAsync("describe", "-n", ns, "deployment", "web");

        Assert.Matches($@"Node:\s+{node}/", pod);
        Assert.Contains("Successfully assigned", pod, StringComparison.Ordinal);
        Assert.Matches(@"HolderIdentity:\s+n\d", machine);
        Assert.Contains("Non-terminated Pods:", machine, StringComparison.Ordinal);
        Assert.Contains("one", machine, StringComparison.Ordinal);
        Assert.Matches(@"Completions:\s+2", job);
        Assert.Contains("Created pod: frames-", job, StringComparison.Ordinal);
        Assert.Contains("2 desired | 2 updated | 2 total | 2 available", deployment, StringComparison.Ordinal);
        Assert.Contains("NewReplicaSet:", deployment, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_tell_what_happened()
    {
        var ns = await NamespaceAsync("events");
        await PodAsync(ns);

        var events = await Kubectl.RunAsync("get", "-n", ns, "events", "--field-selector=involvedObject.name=one");

        Assert.Matches(@"Normal\s+Scheduled\s+pod/one\s+Successfully assigned", events);
    }

    [Fact]
    public async Task Rights_are_asked_for()
    {
        var mine = await Kubectl.RunAsync("auth", "can-i", "delete", "nodes");
        var (code, theirs, _) = await Kubectl.TryAsync("auth", "can-i", "delete", "nodes", "--as=eve");

        Assert.Equal("yes\n", mine);
        Assert.Equal("no\n", theirs[^3..]);
        Assert.Equal(1, code);
    }

    [Fact]
    public async Task Kinds_are_listed_and_explained()
    {
        var kinds = await Kubectl.RunAsync("api-resources");
        var containers = await Kubectl.RunAsync("explain", "pod.spec.containers");
        var strategy = await Kubectl.RunAsync("explain", "deployment.spec.strategy", "--recursive");

        Assert.Matches(@"(?m)^deployments\s+deploy\s+apps/v1\s+true\s+Deployment", kinds);
        Assert.Matches(@"image\s+<string>", containers);
        Assert.Matches(@"maxUnavailable\s+<", strategy);
    }

    private async Task<string> NamespaceAsync(string name)
    {
        var ns = "t-" + name;
        await Kubectl.RunAsync("create", "namespace", ns);
        return ns;
    }

    private async Task PodAsync(string ns)
    {
        await Kubectl.RunAsync("apply", "-n", ns, "-f", world.Write($"pod-{ns}.yaml", Pod));
        await Kubectl.RunAsync("wait", "-n", ns, "--for=condition=Ready", "pod/one", "--timeout=30s");
    }
}
