using System.Collections.Immutable;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Doctor;
using Ebb.Cli.Reports;

namespace Ebb.Tests.Cli.Doctor;

public sealed partial class DiagnosisTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private static readonly Symptoms Healthy = new()
    {
        Now = Noon,
        Groups = [Group("farm-compute"), Group("farm-storage")],
        Certificates = [new CertificateSign("join-ca", "/keys/join-ca.crt", Noon.AddYears(9))],
        Status = Status(),
        Nodes = [new NodeSign("agents000000", Ready: true, "azure:///x/virtualMachineScaleSets/agents/virtualMachines/0", Noon.AddHours(-1))],
    };

    [Fact]
    public void A_cluster_that_is_as_it_should_be_has_no_finding() => Assert.Empty(Diagnosis.Of(Healthy));

    [Fact]
    public void A_group_that_is_not_there_is_made_by_up_and_not_told_as_drift_once_more()
    {
        var change = new ClusterChange(ChangeAction.Create, "farm-compute", "Microsoft.Compute/virtualMachines", "cp", "");

        var finding = Assert.Single(Diagnosis.Of(Healthy with
        {
            Flag = " -f farm.yaml",
            Groups = [Group("farm-compute") with { State = "missing" }, Group("farm-storage")],
            Drift = [change],
        }));

        Assert.Equal((Severity.Broken, "group farm-compute"), (finding.Severity, finding.About));
        Assert.Contains("'ebb up -f farm.yaml'", finding.Remedy);
    }

    [Fact]
    public void A_failed_deployment_is_told_with_its_cause()
    {
        var failed = Group("farm-compute") with { LastDeployment = new DeploymentReport("ebb-compute", "Failed", Noon, "SkuNotAvailable: no such size here") };

        var finding = Assert.Single(Diagnosis.Of(Healthy with { Groups = [failed] }));

        Assert.Contains("SkuNotAvailable", finding.What);
    }

    [Fact]
    public void A_resource_that_failed_is_named_with_its_kind()
    {
        var group = Group("farm-compute") with { Resources = [new GroupResourceReport("Microsoft.Network/networkInterfaces", "cp-0", "Failed")] };

        Assert.Equal("networkInterfaces cp-0", Assert.Single(Diagnosis.Of(Healthy with { Groups = [group] })).About);
    }

    [Fact]
    public void What_differs_from_the_file_is_a_warning_with_at_most_three_names()
    {
        var drift = Enumerable.Range(0, 5).Select(i => new ClusterChange(ChangeAction.Change, "g", "T", $"r{i}", "")).ToImmutableArray();

        var finding = Assert.Single(Diagnosis.Of(Healthy with { Drift = drift }));

        Assert.Equal(Severity.Warning, finding.Severity);
        Assert.Contains("5 resources are not as the file says: r0, r1, r2 and 2 more", finding.What);
    }

    [Fact]
    public void A_file_that_was_not_deployed_since_is_a_warning_and_no_resource_differs()
    {
        var deploy = new ClusterChange(ChangeAction.Deploy, "farm-compute", "T", "ebb-compute", "") { Means = "deployed with what Azure does not show" };

        var finding = Assert.Single(Diagnosis.Of(Healthy with { Drift = [deploy] }));

        Assert.Equal((Severity.Warning, "deployment ebb-compute", "deployed with what Azure does not show"), (finding.Severity, finding.About, finding.What));
    }

    [Theory]
    [InlineData(-1, Severity.Broken, "ended on 2026-11-21")]
    [InlineData(30, Severity.Warning, "ends on 2026-12-22")]
    public void A_certificate_at_or_near_its_end_is_renewed_by_up(int days, object severity, string what)
    {
        var finding = Assert.Single(Diagnosis.Of(Healthy with { Certificates = [new CertificateSign("join-server", "/f", Noon.AddDays(days))] }));

        Assert.Equal((severity, what), (finding.Severity, finding.What));
        Assert.Contains("'ebb up' renews", finding.Remedy);
    }

    [Fact]
    public void A_certificate_that_cannot_be_read_is_broken() =>
        Assert.Equal(Severity.Broken, Assert.Single(Diagnosis.Of(Healthy with { Certificates = [new CertificateSign("x", "/f", null)] })).Severity);

    [Theory]
    [InlineData("pki/join-ca-2", "join")]
    [InlineData("pki/client-ca", "authorities")]
    [InlineData("pki/etcd/peer-ca-2-root", "authorities")]
    public void An_authority_that_ends_within_a_year_is_rotated_and_not_renewed(string name, string what)
    {
        var finding = Assert.Single(Diagnosis.Of(Healthy with { Certificates = [new CertificateSign(name, "/f", Noon.AddDays(300))] }));

        Assert.Equal((Severity.Warning, $"certificate {name}"), (finding.Severity, finding.About));
        Assert.Contains($"'ebb keys rotate {what}'", finding.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rotation_that_is_not_finished_is_told_with_the_command_that_goes_on()
    {
        var finding = Assert.Single(Diagnosis.Of(Healthy with
        {
            Flag = " -f farm.yaml",
            Rotations = KeyState.NoRotations.Add("join", new Rotation(Noon.AddDays(-3), "wait")),
        }));

        Assert.Equal((Severity.Warning, "keys join"), (finding.Severity, finding.About));
        Assert.Contains("'ebb keys rotate -f farm.yaml join'", finding.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Kubernetes_that_does_not_answer_is_broken_and_hides_nothing_of_the_cloud()
    {
        var findings = Diagnosis.Of(Healthy with
        {
            Status = null,
            Nodes = [],
            KubernetesTrouble = "connection refused",
            Groups = [Group("farm-compute") with { State = "deleting" }],
        });

        Assert.Equal(["group farm-compute", "kubernetes"], findings.Select(f => f.About).Order());
    }

    [Fact]
    public void Without_a_controller_nothing_grows()
    {
        var status = Status();

        var finding = Assert.Single(Diagnosis.Of(Healthy with { Status = status with { Cluster = status.Cluster with { Controller = null } } }));

        Assert.Equal("controller", finding.About);
    }

    [Fact]
    public void A_pool_with_bad_tags_is_broken_and_one_that_is_full_is_a_warning_after_it()
    {
        var pool = Status().Pools[0];
        var status = Status() with
        {
            Pools = [pool with { Name = "full", Capacity = pool.Max }, pool with { Name = "odd", Problem = "ebb-max is 'many'" }],
            Pending = [new PendingReport { Count = 7, First = "default/frames-1", Reason = "pool full is at its maximum" }],
        };

        var findings = Diagnosis.Of(Healthy with { Status = status });

        Assert.Equal(["pool odd", "pool full", "7 pods like default/frames-1"], findings.Select(f => f.About));
        Assert.Contains("'ebb why frames-1'", findings[2].Remedy);
    }

    [Fact]
    public void Remedies_name_the_cluster_s_file()
    {
        var findings = Diagnosis.Of(Healthy with
        {
            Flag = " -f farm.yaml",
            KubernetesTrouble = "connection refused",
            Impediments = ["no quota"],
            Status = Status() with
            {
                Machines = [Machine("failed"), Machine("booting") with { Name = "agents_1", Node = null }],
                Pending = [new PendingReport { Count = 1, First = "default/web-1", Reason = "full" }],
            },
        });

        Assert.All(findings, finding => Assert.DoesNotMatch("'ebb [a-z]+(?! -f farm.yaml)[ ']", finding.Remedy));
    }

    private static GroupReport Group(string name) => new()
    {
        Name = name,
        State = "there",
        LastDeployment = new DeploymentReport("ebb", "Succeeded", Noon, null),
        Resources = [new GroupResourceReport("Microsoft.Network/virtualNetworks", "net", "Succeeded")],
    };

    private static MachineReport Machine(string state) => new()
    {
        Pool = "agents",
        Name = "agents_0",
        Id = "0",
        State = state,
        Node = "agents000000",
        Zone = "",
        CreatedAt = Noon.AddHours(-1),
        Pods = 1,
        Reason = "",
    };

    private static StatusReport Status() => new()
    {
        At = Noon,
        Cluster = new ClusterReport
        {
            Kubernetes = "https://127.0.0.1:6443",
            Cloud = "s/g",
            Nodes = 1,
            NodesReady = 1,
            PodsRunning = 1,
            PodsPending = 0,
            Controller = "vm-1",
        },
        Pools =
        [
            new PoolReport
            {
                Name = "agents",
                Size = "Standard_D4s_v5",
                Priority = "spot",
                Min = 0,
                Max = 10,
                IdleAfterSeconds = 60,
                Zones = [],
                Capacity = 1,
                Machines = ImmutableSortedDictionary<string, int>.Empty.Add("busy", 1),
                Reason = "",
            },
        ],
        Machines = [Machine("busy")],
        Pending = [],
    };
}
