using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ebb.Controller.Joining;
using Ebb.Joining;
using Ebb.Kubernetes.Objects;
using Ebb.Pools;

namespace Ebb.Tests.Joining;

/// <summary>What is decided without asking anyone: names, labels, tokens, and whether a node may be taken over.</summary>
public class JoinRulesTests
{
    private static readonly Machine Machine = new()
    {
        Id = "1",
        Pool = "agents",
        Name = "agents_1",
        ProviderId = "azure:///x/1",
        State = MachineState.Running,
        HostName = "agents00000B",
        VmId = "aaaa",
    };

    public static TheoryData<string, bool, string> Found => new()
    {
        { "none", true, "First" },
        { "ours, up", true, "Wait" },
        { "ours, up", false, "Wait" },
        { "ours, left", false, "Again" },
        { "ours, left", true, "Replace" },
        { "ours, down", false, "Again" },
        { "ours, down", true, "Replace" },
        { "ours by firmware id, down", true, "Replace" },
        { "another's, down", true, "Refuse" },
        { "another's that is being deleted, down", true, "Replace" },
        { "of a machine that is gone, down", true, "Replace" },
        { "of a machine that is gone, up", true, "Wait" },
        { "of a machine that nobody could be asked about", true, "Wait" },
        { "of no machine", true, "Refuse" },
        { "control plane", true, "Refuse" },
    };

    [Theory]
    [MemberData(nameof(Found))]
    public void What_is_found_under_the_name_decides(string found, bool fresh, string decision)
    {
        var (node, other) = found switch
        {
            "none" => ((V1Node?)null, (Found?)null),
            "ours, up" => (Node("azure:///X/1", ready: true), null),
            "ours, left" => (Node("azure:///x/1", ready: true, left: true), null),
            "ours, down" => (Node("azure:///x/1", ready: false), null),
            "ours by firmware id, down" => (Node(null, ready: false, uuid: "AAAA"), null),
            "another's, down" => (Node("azure:///x/2", ready: false), new Found.Is(Other(MachineState.Running))),
            "another's that is being deleted, down" => (Node("azure:///x/2", ready: false), new Found.Is(Other(MachineState.Deleting))),
            "of a machine that is gone, down" => (Node("azure:///x/2", ready: false), new Found.No()),
            "of a machine that is gone, up" => (Node("azure:///x/2", ready: true), new Found.No()),
            "of a machine that nobody could be asked about" => (Node("azure:///x/2", ready: false), new Found.Unsure("why")),
            "of no machine" => (Node(null, ready: false, uuid: "bbbb"), null),
            "control plane" => (Node("azure:///x/1", ready: false, label: "node-role.kubernetes.io/control-plane"), null),
            _ => throw new ArgumentException(found),
        };

        Assert.Equal(decision, Rejoin.Decide(node, Machine, fresh, other).GetType().Name);
    }

    [Theory]
    [InlineData("disk", true)]
    [InlineData("example.com/team", true)]
    [InlineData("ebb.dev/pool", true)]
    [InlineData("topology.kubernetes.io/zone", true)]
    [InlineData("node.kubernetes.io/anything", true)]
    [InlineData("kubelet.kubernetes.io/anything", true)]
    [InlineData("sub.node.kubernetes.io/anything", true)]
    [InlineData("node-role.kubernetes.io/agent", false)]
    [InlineData("node-restriction.kubernetes.io/x", false)]
    [InlineData("kubernetes.io/x", false)]
    [InlineData("example.k8s.io/team", false)]
    public void A_kubelet_may_give_itself_only_some_labels(string key, bool may)
    {
        Assert.Equal(may, NodeLabels.MayBeOwn(key));
    }

    [Theory]
    [InlineData("v1.31.5+k3s1", true)]
    [InlineData("v1.27.0+k3s1", true)]
    [InlineData("v1.26.2+k3s1", true)]
    [InlineData("v1.26.1+k3s1", false)]
    [InlineData("v1.25.7+k3s1", true)]
    [InlineData("v1.25.6+k3s1", false)]
    [InlineData("1.24.11", true)]
    [InlineData("v1.24.10+k3s1", false)]
    [InlineData("v1.23.17+k3s1", true)]
    [InlineData("v1.23.16+k3s1", false)]
    [InlineData("v1.20.15+k3s1", false)]
    [InlineData(null, true)]
    public void Bootstrap_tokens_are_as_old_as_the_releases_that_have_them(string? version, bool has)
    {
        Assert.Equal(has, JoinTokens.HasBootstrapTokens(version));
    }

    [Fact]
    public void The_hash_in_a_token_of_k3s_is_over_the_file_or_in_a_bundle_over_the_root()
    {
        using var root = Authority("root", null);
        using var between = Authority("between", root);
        var alone = Encoding.ASCII.GetBytes(root.ExportCertificatePem() + "\n");
        var bundle = Encoding.ASCII.GetBytes($"{between.ExportCertificatePem()}\n{root.ExportCertificatePem()}\n");

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(alone)), AuthorityMark.HashOf(alone));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(root.RawData)), AuthorityMark.HashOf(bundle));
    }

    [Fact]
    public void A_node_is_called_like_its_host_in_lower_case()
    {
        Assert.Equal("agents00000b", Doorkeeper.NodeName(Machine));
        Assert.Equal("agents-1", Doorkeeper.NodeName(Machine with { HostName = "" }));
    }

    private static V1Node Node(string? providerId, bool ready, string? uuid = null, bool left = false, string? label = null) => new()
    {
        Metadata = new()
        {
            Name = "agents00000b",
            Uid = "u",
            Labels = label is null ? null : new Dictionary<string, string> { [label] = "true" },
            Annotations = left ? new Dictionary<string, string> { [Marks.Left] = "2026-03-01T12:00:00Z" } : null,
        },
        Spec = new() { ProviderID = providerId },
        Status = new()
        {
            Conditions = [new V1Condition { Type = "Ready", Status = ready ? "True" : "Unknown" }],
            NodeInfo = new() { SystemUUID = uuid },
        },
    };

    private static Member Other(MachineState state) => new(
        Machine with { Id = "2", ProviderId = "azure:///x/2", State = state },
        new Pool { Name = "agents", CloudId = "/x", Size = "s", Shape = new NodeShape { Capacity = Resources.None, Allocatable = Resources.None } });

    private static X509Certificate2 Authority(string name, X509Certificate2? issuer)
    {
        var now = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return issuer is null ? request.CreateSelfSigned(now, now.AddDays(1)) : request.Create(issuer, now, now.AddDays(1), [1]);
    }
}
