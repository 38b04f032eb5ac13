namespace Ebb.SystemTests.Kubectl;

/// <summary>What users do with kubectl, each with a namespace of its own in one cluster.</summary>
public abstract class KubectlTests(KubectlWorld world)
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
    public async Task Applying_twice_leaves_unchanged_and_a_change_configures()
    {
        var ns = await NamespaceAsync("apply");
        var file = world.Write("apply.yaml", Deployment);

        var first = await Kubectl.RunAsync("apply", "-n", ns, "-f", file);
        var second = await Kubectl.RunAsync("apply", "-n", ns, "-f", file);
        world.Write("apply.yaml", Deployment.Replace("replicas: 2", "replicas: 1", StringComparison.Ordinal));
        var third = await Kubectl.RunAsync("apply", "-n", ns, "-f", file);

        Assert.Equal("deployment.apps/web created\n", first);
        Assert.Equal("deployment.apps/web unchanged\n", second);
        Assert.Equal("deployment.apps/web configured\n", third);
        Assert.Equal("1", await Kubectl.RunAsync("get", "-n", ns, "deploy", "web", "-o", "jsonpath={.spec.replicas}"));
    }

    [Fact]
    public async Task Server_side_apply_refuses_what_another_manager_owns()
    {
        var ns = await NamespaceAsync("ssa");
        var file = world.Write("ssa.yaml", Deployment);

        var first = await Kubectl.RunAsync("apply", "-n", ns, "--server-side", "-f", file);
        await Kubectl.RunAsync("apply", "-n", ns, "--server-side", "-f", file);
        world.Write("ssa.yaml", Deployment.Replace("replicas: 2", "replicas: 3", StringComparison.Ordinal));
        var (code, _, error) = await Kubectl.TryAsync("apply", "-n", ns, "--server-side", "--field-manager=other", "-f", file);
        await Kubectl.RunAsync("apply", "-n", ns, "--server-side", "--field-manager=other", "--force-conflicts", "-f", file);

        Assert.Equal("deployment.apps/web serverside-applied\n", first);
        Assert.Equal(1, code);
        Assert.Contains("conflict with \"kubectl\"", error, StringComparison.Ordinal);
        Assert.Contains(".spec.replicas", error, StringComparison.Ordinal);
        Assert.Equal("3", await Kubectl.RunAsync("get", "-n", ns, "deploy", "web", "-o", "jsonpath={.spec.replicas}"));
    }

    [Fact]
    public async Task A_manifest_with_an_unknown_field_is_refused()
    {
        var ns = await NamespaceAsync("bad");
        var file = world.Write("bad.yaml", Pod.Replace("containers:", "containres:", StringComparison.Ordinal));

        var (code, _, error) = await Kubectl.TryAsync("apply", "-n", ns, "-f", file);

        Assert.Equal(1, code);
        Assert.Contains("unknown field", error, StringComparison.Ordinal);
        Assert.Contains("containres", error, StringComparison.Ordinal);
    }

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
    public async Task Objects_are_created_patched_edited_labelled_and_deleted()
    {
        var ns = await NamespaceAsync("change");
        await Kubectl.RunAsync("apply", "-n", ns, "-f", world.Write("change.yaml", Deployment));

        await Kubectl.RunAsync("patch", "-n", ns, "deploy", "web", "-p", """{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"busybox:2"}]}}}}""");
        await Kubectl.RunAsync("patch", "-n", ns, "deploy", "web", "--type=merge", "-p", """{"metadata":{"labels":{"a":"1"}}}""");
        await Kubectl.RunAsync("patch", "-n", ns, "deploy", "web", "--type=json", "-p", """[{"op":"replace","path":"/spec/replicas","value":1}]""");
        await Kubectl.RunAsync("label", "-n", ns, "deploy", "web", "b=2");
        await Kubectl.RunAsync("annotate", "-n", ns, "deploy", "web", "note=hello");
        var (code, edited, error) = await Kubectl.TryAsync(
            new Dictionary<string, string> { ["KUBE_EDITOR"] = "sed -i s/busybox:2/busybox:3/" }, "edit", "-n", ns, "deploy", "web");
        var result = await Kubectl.RunAsync(
            "get", "-n", ns, "deploy", "web", "-o",
            "jsonpath={.spec.replicas} {.metadata.labels.a}{.metadata.labels.b} {.metadata.annotations.note} {.spec.template.spec.containers[0].image}");
        var deleted = await Kubectl.RunAsync("delete", "-n", ns, "deploy", "web", "--timeout=30s");
        var (gone, _, _) = await Kubectl.TryAsync("get", "-n", ns, "deploy", "web");

        Assert.True(code == 0, error);
        Assert.Equal("deployment.apps/web edited\n", edited);
        Assert.Equal("1 12 hello busybox:3", result);
        Assert.StartsWith("deployment.apps \"web\" deleted", deleted, StringComparison.Ordinal);
        Assert.Equal(1, gone);
    }

    [Fact]
    public async Task A_label_that_is_there_is_kept_unless_overwritten()
    {
        var ns = await NamespaceAsync("label");
        await Kubectl.RunAsync("label", "namespace", ns, "x=1");

        var (code, _, error) = await Kubectl.TryAsync("label", "namespace", ns, "x=2");
        await Kubectl.RunAsync("label", "namespace", ns, "x=2", "--overwrite");

        Assert.Equal(1, code);
        Assert.Contains("--overwrite is false", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nodes_are_tainted_cordoned_and_drained()
    {
        var ns = await NamespaceAsync("drain");
        await Kubectl.RunAsync("apply", "-n", ns, "-f", world.Write("drain.yaml", Deployment));
        await Kubectl.RunAsync("rollout", "status", "-n", ns, "deploy/web", "--timeout=30s");
        var node = (await Kubectl.RunAsync("get", "-n", ns, "pods", "-o", "jsonpath={.items[0].spec.nodeName}")).Trim();

        var tainted = await Kubectl.RunAsync("taint", "node", node, "dedicated=x:PreferNoSchedule");
        await Kubectl.RunAsync("taint", "node", node, "dedicated-");
        var cordoned = await Kubectl.RunAsync("cordon", node);
        var shown = await Kubectl.RunAsync("get", "node", node);
        var drained = await Kubectl.RunAsync("drain", node, "--ignore-daemonsets", "--force", "--timeout=50s");
        var left = await Kubectl.RunAsync("get", "-n", ns, "pods", "--field-selector=spec.nodeName=" + node, "-o", "name");
        await Kubectl.RunAsync("uncordon", node);

        Assert.Equal($"node/{node} tainted\n", tainted);
        Assert.Equal($"node/{node} cordoned\n", cordoned);
        Assert.Contains("Ready,SchedulingDisabled", shown, StringComparison.Ordinal);
        Assert.Contains("evicted", drained, StringComparison.Ordinal);
        Assert.Empty(left);
        Assert.DoesNotContain("SchedulingDisabled", await Kubectl.RunAsync("get", "node", node), StringComparison.Ordinal);
    }

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

    [Fact]
    public async Task All_that_create_knows_is_created()
    {
        var ns = await NamespaceAsync("create");
        string[][] commands =
        [
            ["secret", "generic", "s", "--from-literal=a=b"],
            ["serviceaccount", "sa"],
            ["job", "j", "--image=busybox", "--", "sleep", "1"],
            ["cronjob", "c", "--image=busybox", "--schedule=*/5 * * * *"],
            ["deployment", "d", "--image=busybox"],
            ["quota", "q", "--hard=pods=30"],
            ["role", "r", "--verb=get", "--resource=pods"],
            ["rolebinding", "rb", "--role=r", "--user=eve"],
            ["poddisruptionbudget", "p", "--selector=app=x", "--min-available=1"],
            ["service", "clusterip", "svc", "--tcp=80:80"],
        ];

        foreach (var command in commands)
        {
            Assert.EndsWith(" created\n", await Kubectl.RunAsync(["create", "-n", ns, .. command]), StringComparison.Ordinal);
        }

        var job = await Kubectl.RunAsync("get", "-n", ns, "job", "j", "-o", "jsonpath={.spec.template.spec.containers[0].command}");
        var budget = await Kubectl.RunAsync("get", "-n", ns, "pdb", "p", "-o", "jsonpath={.spec.minAvailable} {.spec.selector.matchLabels.app}");
        Assert.Equal("[\"sleep\",\"1\"]", job.Replace("sleep 1", "\"sleep\",\"1\"", StringComparison.Ordinal));
        Assert.Equal("1 x", budget);
    }

    [Fact]
    public async Task A_namespace_is_deleted_with_all_that_is_in_it()
    {
        var ns = await NamespaceAsync("gone");
        await PodAsync(ns);

        await Kubectl.RunAsync("delete", "namespace", ns, "--timeout=40s");

        Assert.Equal(1, (await Kubectl.TryAsync("get", "namespace", ns)).Code);
    }

    [Fact]
    public async Task A_custom_kind_is_used_like_any_other()
    {
        var ns = await NamespaceAsync("custom");
        await Kubectl.RunAsync("apply", "-f", world.Write("crd.yaml", """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: tides.shore.example}
            spec:
              group: shore.example
              scope: Namespaced
              names: {plural: tides, singular: tide, kind: Tide, shortNames: [td]}
              versions:
              - name: v1
                served: true
                storage: true
                additionalPrinterColumns: [{name: Height, type: integer, jsonPath: .spec.height}]
                schema:
                  openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {height: {type: integer}}}}}
            """));
        await Kubectl.RunAsync("wait", "--for=condition=Established", "crd/tides.shore.example", "--timeout=20s");
        var file = world.Write("tide.yaml", "apiVersion: shore.example/v1\nkind: Tide\nmetadata: {name: low}\nspec: {height: 1}\n");

        await Kubectl.RunAsync("apply", "-n", ns, "-f", file);
        var again = await Kubectl.RunAsync("apply", "-n", ns, "-f", file);
        var shown = await Kubectl.RunAsync("get", "-n", ns, "tides");

        Assert.Equal("tide.shore.example/low unchanged\n", again);
        Assert.Matches(@"NAME\s+HEIGHT\s*\nlow\s+1", shown);
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
