namespace Ebb.SystemTests.Kubectl;

public abstract partial class KubectlTests
{
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
}
