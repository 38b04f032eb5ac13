using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Machines;

/// <summary>A machine is emptied for another's sake: what may move moves, what may not is left to finish.</summary>
[Collection(RealSandbox.Collection)]
public sealed class DrainTests(RealSandbox sandbox)
{
    private const int Replicas = 4;
    private const int Kept = 3;

    [Fact]
    public async Task Emptying_a_machine_keeps_the_budget_waits_for_jobs_moves_what_can_move_and_touches_nothing_else()
    {
        RealSandbox.Require();
        await sandbox.UntilEmptyAsync();

        // A second machine comes for what the first is closed to.
        await sandbox.ApplyAsync(Lasting);
        var stays = await NodeOfAsync("app=lasting", 2);
        await sandbox.KubectlAsync("cordon", stays);
        await sandbox.ApplyAsync(Moving.Replace("policy/v1\n", (await BudgetVersionAsync()) + "\n", StringComparison.Ordinal));
        var goes = await NodeOfAsync("app in (web,store,short)", Replicas + 3);
        Assert.NotEqual(stays, goes);
        var before = (await sandbox.ListAsync("pods")).ToDictionary(NameOf, UidOf);
        await sandbox.KubectlAsync("uncordon", stays);

        // Ebb asks the scheduler to prefer the other node first, for minutes: it looks as if they had passed.
        await RealSandbox.UntilAsync("the node is steered empty", async () => await HasTaintAsync(goes, "PreferNoSchedule"));
        await sandbox.KubectlAsync("annotate", "--overwrite", "node", goes, "ebb.dev/retiring-since=2020-01-01T00:00:00Z");
        await RealSandbox.UntilAsync("the node is closed to new pods", async () => await HasTaintAsync(goes, "NoSchedule"));

        // Its job is at work, and until that is done nothing is moved.
        var job = NameOf((await sandbox.ListAsync("pods", "app=short")).Single());
        Assert.Equal("Running", await sandbox.TextAsync("pod", job, ".status.phase"));
        Assert.All(await sandbox.ListAsync("pods", "app in (web,store)"), pod => Assert.Equal(before.GetValueOrDefault(NameOf(pod)), UidOf(pod)));
        await sandbox.KubectlAsync("exec", job, "--", "touch", "/done");
        var least = Replicas;
        await RealSandbox.UntilAsync("the machine is gone", async () =>
        {
            var web = await sandbox.ListAsync("pods", "app=web");
            least = Math.Min(least, web.Count(IsReady));
            return !sandbox.MachinesOnDisk().Select(Path.GetFileName).Contains(goes);
        });

        Assert.InRange(least, Kept, Replicas);
        await NodeOfAsync("app in (web,store)", Replicas + 2);
        var after = await sandbox.ListAsync("pods");
        Assert.All(after.Where(pod => AppOf(pod) == "lasting"), pod =>
        {
            Assert.Equal(before[NameOf(pod)], UidOf(pod));
            Assert.Equal(0, (int)pod["status"]!["containerStatuses"]![0]!["restartCount"]!);
        });
        Assert.Equal("1", await sandbox.TextAsync("job", "short", ".status.succeeded"));
        Assert.Equal("", await sandbox.TextAsync("job", "short", ".status.failed"));
        var moved = after.Where(pod => AppOf(pod) is "web" or "store").ToList();
        Assert.All(moved, pod => Assert.Equal(stays, (string?)pod["spec"]!["nodeName"]));
        Assert.DoesNotContain(moved, pod => before.ContainsValue(UidOf(pod)));
        await sandbox.KubectlAsync("delete", "deployments,statefulsets,jobs,pods,poddisruptionbudgets", "--all", "--grace-period=1", "--wait=false");
    }

    // A pod that nothing would start again, and a job with more to do than the test has time.
    private const string Lasting = """
        apiVersion: v1
        kind: Pod
        metadata: {name: bare, labels: {app: lasting}}
        spec:
          containers:
            - name: work
              image: busybox:stable
              command: [sleep, "3600"]
              resources: {requests: {cpu: 250m, memory: 64Mi}}
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: {name: long}
        spec:
          template:
            metadata: {labels: {app: lasting}}
            spec:
              restartPolicy: Never
              containers:
                - name: work
                  image: busybox:stable
                  command: [sleep, "3600"]
                  resources: {requests: {cpu: 250m, memory: 64Mi}}
        """;

    private const string Moving = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 4
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
                - name: web
                  image: busybox:stable
                  command: [sh, -c, "mkdir /page; touch /page/index.html; exec httpd -f -p 8080 -h /page"]
                  readinessProbe: {httpGet: {path: /index.html, port: 8080}, periodSeconds: 1}
                  resources: {requests: {cpu: 250m, memory: 64Mi}}
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web}
        spec:
          minAvailable: 3
          selector: {matchLabels: {app: web}}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: store}
        spec:
          replicas: 2
          serviceName: store
          podManagementPolicy: Parallel
          selector: {matchLabels: {app: store}}
          template:
            metadata: {labels: {app: store}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
                - name: store
                  image: busybox:stable
                  command: [sleep, "3600"]
                  resources: {requests: {cpu: 250m, memory: 64Mi}}
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: {name: short}
        spec:
          template:
            metadata: {labels: {app: short}}
            spec:
              restartPolicy: Never
              containers:
                - name: work
                  image: busybox:stable
                  command: [sh, -c, "until [ -e /done ]; do sleep 0.2; done"]
                  resources: {requests: {cpu: 250m, memory: 64Mi}}
        """;

    // Releases before 1.21 have the older version only.
    private async Task<string> BudgetVersionAsync() =>
        (await sandbox.KubectlAsync("api-versions")).Split('\n').Contains("policy/v1") ? "policy/v1" : "policy/v1beta1";

    /// <summary>The one node that these pods run on, once all are ready.</summary>
    private async Task<string> NodeOfAsync(string selector, int count)
    {
        List<JsonNode> pods = [];
        await RealSandbox.UntilAsync($"{count} pods of {selector} are ready", async () =>
        {
            pods = await sandbox.ListAsync("pods", selector);
            return pods.Count == count && pods.TrueForAll(IsReady);
        });
        return Assert.Single(pods.Select(pod => (string)pod["spec"]!["nodeName"]!).Distinct());
    }

    private async Task<bool> HasTaintAsync(string node, string effect) =>
        (await sandbox.TextAsync("node", node, ".spec.taints[?(@.key==\"ebb.dev/retiring\")].effect")).Trim() == effect;

    private static bool IsReady(JsonNode pod) =>
        pod["metadata"]!["deletionTimestamp"] is null
        && pod["status"]!["conditions"] is JsonArray conditions
        && conditions.Any(c => (string?)c!["type"] == "Ready" && (string?)c["status"] == "True");

    private static string NameOf(JsonNode item) => (string)item["metadata"]!["name"]!;

    private static string UidOf(JsonNode item) => (string)item["metadata"]!["uid"]!;

    private static string? AppOf(JsonNode pod) => (string?)pod["metadata"]!["labels"]?["app"];
}
