using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Acting;
using Ebb.Controller.Joining;
using Ebb.Joining;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;
using Ebb.Pools;
using Ebb.Tests.Joining.Lab;
using Resources = Ebb.Kubernetes.Resources;

namespace Ebb.Tests.Joining;

/// <summary>Machines that leave, and what the cloud announces about them.</summary>
public sealed class LeavingTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Work_is_told_to_go_by_value_and_the_node_goes_with_a_machine_that_is_taken_back()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        await AddPodAsync(lab, "frame", machine, "Job", grace: 1);
        await AddPodAsync(lab, "web", machine, "ReplicaSet", grace: 1);
        await AddPodAsync(lab, "log", machine, "DaemonSet", grace: 1);

        using var response = await lab.LeaveAsync(machine, NoticeKinds.Preempt, seconds: 5);

        Assert.True(response.StatusCode is HttpStatusCode.OK, lab.Audit + lab.Loggers.Text);
        var answer = await JoinLab.ReadAsync(response, JoinJson.Default.LeaveAnswer);
        Assert.Equal(("agents000001", 2, true), (answer.Node, answer.Evicted, answer.Deleted));
        Assert.Null(await lab.NodeAsync(machine));
        Assert.Null((await PodAsync(lab, "log"))?.Metadata.DeletionTimestamp);
    }

    [Fact]
    public async Task A_machine_that_boots_keeps_its_node_and_the_pods_that_nothing_else_would_start()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        await AddPodAsync(lab, "alone", machine, owner: null, grace: 1);

        using var response = await lab.LeaveAsync(machine, LeaveReasons.Reboot, seconds: 4);

        var answer = await JoinLab.ReadAsync(response, JoinJson.Default.LeaveAnswer);
        Assert.Equal((0, 0, false), (answer.Evicted, answer.Left, answer.Deleted));
        var node = (await lab.NodeAsync(machine))!;
        Assert.Contains(node.Spec.Taints!, taint => taint is { Key: Marks.Leaving, Effect: "NoSchedule" });
        Assert.True(node.Metadata.Annotations!.ContainsKey(Marks.Left));
        Assert.Null((await PodAsync(lab, "alone"))!.Metadata.DeletionTimestamp);
    }

    [Theory]
    [InlineData(MachineState.Deleting, true)]
    [InlineData(MachineState.Stopping, false)]
    public async Task What_is_switched_off_is_deleted_only_when_the_cloud_says_so(MachineState state, bool deleted)
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1, state: state);
        await lab.AddNodeAsync(machine, ready: true);

        using var response = await lab.LeaveAsync(machine, LeaveReasons.Shutdown, seconds: 3);

        Assert.Equal(deleted, (await JoinLab.ReadAsync(response, JoinJson.Default.LeaveAnswer)).Deleted);
        Assert.Equal(deleted, await lab.NodeAsync(machine) is null);
    }

    [Fact]
    public async Task A_budget_is_kept_until_keeping_it_would_lose_the_pod_anyway()
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        await AddPodAsync(lab, "web", machine, "ReplicaSet", grace: 1);
        const string budget = """{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"web"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"web"}}}}""";
        await lab.Client.PatchAsync(
            Resources.PodDisruptionBudgets, "default", "web", PatchKind.Apply, Encoding.UTF8.GetBytes(budget),
            WriteOptions.Default with { FieldManager = "test" }, Ct);

        using var response = await lab.LeaveAsync(machine, LeaveReasons.Shutdown, seconds: 7);

        Assert.Equal(1, (await JoinLab.ReadAsync(response, JoinJson.Default.LeaveAnswer)).Evicted);
    }

    [Theory]
    [InlineData(NoticeKinds.Preempt, true)]
    [InlineData(NoticeKinds.Terminate, true)]
    [InlineData(NoticeKinds.Redeploy, true)]
    [InlineData(NoticeKinds.Reboot, true)]
    [InlineData(NoticeKinds.Freeze, false)]
    public async Task A_notice_is_marked_and_taken_off_when_it_is_called_off(string kind, bool leave)
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);

        using var told = await lab.NoticeAsync(
            machine, new Notice { Id = "1", Kind = NoticeKinds.Freeze }, new Notice { Id = "2", Kind = kind, At = Noon });
        var node = (await lab.NodeAsync(machine))!;
        using var off = await lab.NoticeAsync(machine);
        var after = (await lab.NodeAsync(machine))!;

        Assert.Equal(leave, (await JoinLab.ReadAsync(told, JoinJson.Default.NoticeAnswer)).Leave);
        Assert.StartsWith(kind, node.Metadata.Annotations![Marks.Notice], StringComparison.Ordinal);
        Assert.Equal(leave, node.Spec.Taints?.Any(taint => taint.Key == Marks.Leaving) == true);
        Assert.False(LeavingMarks.On(after));
    }

    [Theory]
    [InlineData(NoticeKinds.Preempt, null)]
    [InlineData(NoticeKinds.Preempt, NoticeKinds.Reboot)]
    [InlineData(NoticeKinds.Reboot, null)]
    public async Task What_is_called_off_while_the_node_is_emptied_ends_that_and_leaves_it_a_node_like_any_other(string kind, string? stays)
    {
        await using var lab = await JoinLab.StartAsync();
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        await AddPodAsync(lab, "web", machine, "ReplicaSet", grace: 1);
        await AddPodAsync(lab, "frame", machine, "Job", grace: 1);
        var at = TimeProvider.System.GetUtcNow().AddMinutes(5);
        using var told = await lab.NoticeAsync(machine, new Notice { Id = "1", Kind = kind, At = at });

        var leaving = lab.LeaveAsync(machine, kind, seconds: 300);
        await JoinLab.UntilAsync(async () => await PodAsync(lab, "web") is null or { Metadata.DeletionTimestamp: not null });
        using var off = await lab.NoticeAsync(machine, stays is null ? [] : [new Notice { Id = "2", Kind = stays, At = at }]);
        using var response = await leaving;

        Assert.Equal((1, false), await JoinLab.ReadAsync(response, JoinJson.Default.LeaveAnswer) is var answer ? (answer.Evicted, answer.Deleted) : default);
        Assert.Null((await PodAsync(lab, "frame"))!.Metadata.DeletionTimestamp);
        var node = (await lab.NodeAsync(machine))!;
        Assert.Equal(stays, node.Metadata.Annotations?.GetValueOrDefault(Marks.Notice)?.Split(' ')[0]);
        Assert.Equal(stays is not null, LeavingMarks.On(node));
        Assert.False(node.Metadata.Annotations?.ContainsKey(Marks.Left) == true);
        Assert.Contains("called off", lab.Audit, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(NoticeKinds.Reboot, "Preempt", true, true)]
    [InlineData(NoticeKinds.Reboot, "Reboot", true, true)]
    [InlineData(NoticeKinds.Reboot, "shutdown", true, true)]
    [InlineData(NoticeKinds.Reboot, "Freeze", false, false)]
    [InlineData(NoticeKinds.Terminate, "Reboot", true, false)]
    [InlineData(NoticeKinds.Terminate, null, false, false)]
    [InlineData(LeaveReasons.Shutdown, null, false, true)]
    public void A_node_is_emptied_as_long_as_it_is_marked_with_something_as_grave(string reason, string? marked, bool tainted, bool stands)
    {
        var node = new V1Node
        {
            Metadata = new() { Annotations = marked is null ? null : new Dictionary<string, string> { [Marks.Notice] = $"{marked} 2026-03-01T12:00:00Z" } },
            Spec = new() { Taints = tainted ? [new V1Taint { Key = Marks.Leaving, Effect = "NoSchedule" }] : null },
        };

        Assert.Equal(stands, LeavingMarks.Stand(node, reason));
    }

    [Fact]
    public async Task A_node_proves_itself_with_its_own_certificate_for_leaving_and_not_for_joining()
    {
        using var nodes = Nodes("nodes");
        await using var lab = await JoinLab.StartAsync((lab, options) => options with { NodeAuthorityFile = lab.SecretFile("nodes.crt", nodes.ExportCertificatePem()) });
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        using var certificate = Certificate(nodes, "system:node:agents000001", "system:nodes");

        using var left = await LeaveAsync(lab, certificate);
        using var joined = await lab.JoinAsync(Proof(certificate, await lab.NonceAsync(), JoinPaths.Join));

        Assert.True(left.StatusCode is HttpStatusCode.OK, lab.Audit);
        Assert.Equal(HttpStatusCode.Forbidden, joined.StatusCode);
    }

    [Theory]
    [InlineData("another authority", "wrong-chain")]
    [InlineData("not a node", "wrong-signer")]
    [InlineData("a node's name without its group", "wrong-signer")]
    [InlineData("signed for another request", "forged")]
    [InlineData("signed by another key", "forged")]
    [InlineData("a node that is not there", "not-a-member")]
    public async Task A_certificate_that_is_not_this_node_s_is_worth_nothing(string what, string outcome)
    {
        using var nodes = Nodes("nodes");
        using var others = Nodes("others");
        await using var lab = await JoinLab.StartAsync((lab, options) => options with { NodeAuthorityFile = lab.SecretFile("nodes.crt", nodes.ExportCertificatePem()) });
        var machine = lab.AddMachine(1);
        await lab.AddNodeAsync(machine, ready: true);
        using var good = Certificate(nodes, "system:node:agents000001", "system:nodes");
        using var certificate = what switch
        {
            "another authority" => Certificate(others, "system:node:agents000001", "system:nodes"),
            "not a node" => Certificate(nodes, "admin", "system:masters"),
            "a node's name without its group" => Certificate(nodes, "system:node:agents000001", "system:masters"),
            "a node that is not there" => Certificate(nodes, "system:node:agents000009", "system:nodes"),
            _ => Certificate(nodes, "system:node:agents000001", "system:nodes"),
        };
        var proof = Proof(certificate, await lab.NonceAsync(), what == "signed for another request" ? JoinPaths.Notice : JoinPaths.Leave);
        proof = what == "signed by another key" ? proof with { Document = good.ExportCertificatePem() } : proof;

        using var response = await lab.PostAsync(
            JoinPaths.Leave, new LeaveRequest { Proof = proof, Reason = LeaveReasons.Shutdown, SecondsLeft = 3 }, JoinJson.Default.LeaveRequest);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains($"\"outcome\":\"{outcome}\"", lab.Audit, StringComparison.Ordinal);
        Assert.NotNull(await lab.NodeAsync(machine));
    }

    [Fact]
    public void The_most_valuable_work_is_told_first()
    {
        V1Pod[] pods =
        [
            Pod("young", priority: 0, started: Noon), Pod("old", priority: 0, started: Noon.AddHours(-9)),
            Pod("important", priority: 1000, started: Noon), Pod("waiting", priority: 0, started: null),
        ];

        Assert.Equal(["important", "old", "young", "waiting"], NodeDrain.InOrder(pods).Select(pod => pod.Metadata.Name));
    }

    [Fact]
    public void What_should_not_be_interrupted_is_told_as_late_as_its_grace_allows()
    {
        var deadline = Noon.AddMinutes(15);

        Assert.Equal(deadline.AddSeconds(-62), NodeDrain.MustGoAt(Pod("frame", 0, Noon, owner: "Job", grace: 60), deadline));
        Assert.Equal(DateTimeOffset.MinValue, NodeDrain.MustGoAt(Pod("web", 0, Noon, owner: "ReplicaSet"), deadline));
    }

    [Theory]
    [InlineData("Preempt 2026-03-01T11:59:00Z", null, false)]
    [InlineData("Preempt 2026-03-01T11:49:00Z", null, true)]
    [InlineData("Reboot 2026-03-01T11:59:00Z", "2026-03-01T11:30:00Z", true)]
    [InlineData("Reboot 2026-03-01T11:59:00Z", "2026-03-01T11:58:00Z", false)]
    public void Marks_are_over_when_the_machine_came_back_or_never_went(string notice, string? left, bool over)
    {
        var annotations = new Dictionary<string, string> { [Marks.Notice] = notice };
        if (left is not null)
        {
            annotations[Marks.Left] = left;
        }

        var node = new V1Node
        {
            Metadata = new() { Annotations = annotations },
            Status = new() { Conditions = [new V1Condition { Type = "Ready", Status = "True", LastTransitionTime = Noon.AddMinutes(-20) }] },
        };

        Assert.Equal(over, LeavingMarks.AreOver(node, Noon));
    }

    private static async Task<HttpResponseMessage> LeaveAsync(JoinLab lab, X509Certificate2 certificate) => await lab.PostAsync(
        JoinPaths.Leave,
        new LeaveRequest { Proof = Proof(certificate, await lab.NonceAsync(), JoinPaths.Leave), Reason = LeaveReasons.Reboot, SecondsLeft = 2 },
        JoinJson.Default.LeaveRequest);

    private static Proof Proof(X509Certificate2 certificate, string nonce, string path)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        var message = Encoding.UTF8.GetBytes(ProofKinds.NodeCertificateMessage(nonce, path));
        return new Proof
        {
            Kind = ProofKinds.NodeCertificate,
            Nonce = nonce,
            Document = certificate.ExportCertificatePem(),
            Signature = Convert.ToBase64String(key.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)),
        };
    }

    private static X509Certificate2 Nodes(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private static X509Certificate2 Certificate(X509Certificate2 authority, string user, string group)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"O={group}, CN={user}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false));
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.Create(authority, now.AddHours(-1), now.AddHours(1), [1, 2, 3]);
        return made.CopyWithPrivateKey(key);
    }

    private static V1Pod Pod(string name, int priority, DateTimeOffset? started, string? owner = "Job", long? grace = null) => new()
    {
        Metadata = new()
        {
            Name = name,
            Uid = name,
            OwnerReferences = owner is null ? null : [new V1OwnerReference { Kind = owner, Name = "o", Uid = "o", Controller = true, ApiVersion = "v1" }],
        },
        Spec = new() { Priority = priority, TerminationGracePeriodSeconds = grace },
        Status = new() { StartTime = started },
    };

    private static Task<V1Pod> AddPodAsync(JoinLab lab, string name, Machine machine, string? owner, long grace)
    {
        var metadata = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["app"] = name } };
        if (owner is not null)
        {
            metadata["ownerReferences"] = new JsonArray(
                new JsonObject { ["apiVersion"] = "v1", ["kind"] = owner, ["name"] = "o", ["uid"] = "o", ["controller"] = true });
        }

        var pod = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject
            {
                ["nodeName"] = machine.HostName.ToLowerInvariant(),
                ["terminationGracePeriodSeconds"] = grace,
                ["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "i" }),
            },
        };
        return lab.Client.PatchAsync(
            Resources.Pods, "default", name, PatchKind.Apply, Encoding.UTF8.GetBytes(pod.ToJsonString()),
            WriteOptions.Default with { FieldManager = "test" }, Ct);
    }

    private static Task<V1Pod?> PodAsync(JoinLab lab, string name) => lab.Client.FindAsync(Resources.Pods, "default", name, Ct);
}
