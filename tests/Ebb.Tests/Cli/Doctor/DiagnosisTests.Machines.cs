using Ebb.Acting.Draining;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Doctor;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Cli.Reports;

namespace Ebb.Tests.Cli.Doctor;

/// <summary>Machines, nodes and pools.</summary>
public sealed partial class DiagnosisTests
{
    [Theory]
    [InlineData(10, 0)]
    [InlineData(16, 1)]
    public void A_machine_that_has_not_joined_after_a_quarter_of_an_hour_is_broken(int minutes, int findings)
    {
        var machine = Machine("booting") with { Node = null, CreatedAt = Noon.AddMinutes(-minutes) };

        Assert.Equal(findings, Diagnosis.Of(Healthy with { Status = Status() with { Machines = [machine] } }).Length);
    }

    [Fact]
    public void A_node_without_a_machine_is_told_apart_from_one_whose_kubelet_is_dead()
    {
        NodeSign[] nodes =
        [
            new("agents000000", Ready: false, "azure:///x/virtualMachineScaleSets/agents/virtualMachines/0", Noon.AddHours(-1)),
            new("agents000009", Ready: false, "azure:///x/virtualMachineScaleSets/agents/virtualMachines/9", Noon.AddHours(-1)),
            new("young", Ready: false, "", Noon.AddSeconds(-30)),
        ];

        var findings = Diagnosis.Of(Healthy with { Nodes = [.. nodes] });

        Assert.Equal(["node agents000000", "node agents000009"], findings.Select(f => f.About));
        Assert.Equal([Severity.Broken, Severity.Warning], findings.Select(f => f.Severity));
    }

    [Fact]
    public void A_node_that_is_not_ready_is_told_with_what_its_machine_is_kept_for()
    {
        var machine = Machine("unready") with { Reason = "kept: not ready for 25 min, but pod frame is not marked for deletion and may still run there" };
        var seen = Healthy with { Status = Status() with { Machines = [machine] }, Nodes = [Healthy.Nodes[0] with { Ready = false }] };

        Assert.Equal(
            "is not ready (kept: not ready for 25 min, but pod frame is not marked for deletion and may still run there)",
            Assert.Single(Diagnosis.Of(seen)).What);
    }

    [Fact]
    public void A_control_plane_without_a_majority_is_told_with_what_brings_it_back()
    {
        var seen = Healthy with
        {
            ControlPlane = new ControlPlanePlan
            {
                Orders = new ControlPlaneOrders { Generation = "g", Configuration = [], Texts = [], SshKeys = [], SshUser = "ops" },
                Machines = [],
                Changes = [],
                LostMajority = new LostMajority("two are gone", "Do this and that."),
            },
        };

        var finding = Assert.Single(Diagnosis.Of(seen));

        Assert.Equal((Severity.Broken, "control plane", "two are gone", "Do this and that."), (finding.Severity, finding.About, finding.What, finding.Remedy));
    }

    [Fact]
    public void A_machine_that_is_stopped_is_no_fault_unless_pods_wait()
    {
        var stopped = Healthy with
        {
            Flag = " -f farm.yaml",
            Status = Status() with { Machines = [Machine("stopped")] },
            Nodes = [Healthy.Nodes[0] with { Ready = false }],
        };

        Assert.Empty(Diagnosis.Of(stopped));

        var waiting = Diagnosis.Of(stopped with { Status = stopped.Status with { Pending = [new PendingReport { Count = 1, First = "default/web-1", Reason = "too small" }] } });
        Assert.Equal(["pool agents", "pod default/web-1"], waiting.Select(f => f.About));
        Assert.Equal("'ebb start -f farm.yaml agents' starts it.", waiting[0].Remedy);
        Assert.Equal("'ebb why -f farm.yaml web-1' says more.", waiting[1].Remedy);
    }

    [Fact]
    public void A_machine_that_is_off_and_costs_as_if_it_ran_is_told()
    {
        var seen = Healthy with
        {
            Flag = " -f farm.yaml",
            Status = Status() with { Machines = [Machine("stopped") with { PoweredOff = true }] },
            Nodes = [Healthy.Nodes[0] with { Ready = false }],
        };

        var finding = Assert.Single(Diagnosis.Of(seen));

        Assert.Equal((Severity.Warning, "machine agents_0"), (finding.Severity, finding.About));
        Assert.Equal("is stopped but not deallocated: it costs as much as one that runs", finding.What);
        Assert.Equal("'ebb stop -f farm.yaml -m agents_0' has it cost nothing but its disk, 'ebb start -f farm.yaml -m agents_0' starts it.", finding.Remedy);
    }

    [Fact]
    public void A_pool_of_two_scale_sets_is_full_when_both_together_are()
    {
        var part = Status().Pools[0] with { PartOf = "agents", Max = 4, Capacity = 2 };
        var pending = new PendingReport { Count = 1, First = "default/web-1", Reason = "full" };
        var status = Status() with { Pools = [part, part with { Name = "agents-regular" }], Pending = [pending] };

        var findings = Diagnosis.Of(Healthy with { Status = status });

        Assert.Equal(("pool agents", "has all of its 4 machines while pods wait"), (findings[0].About, findings[0].What));
        Assert.Equal(2, findings.Length);
        Assert.Single(Diagnosis.Of(Healthy with { Status = status with { Pools = [part, part with { Name = "agents-regular", Capacity = 1 }] } }));
    }

    [Fact]
    public void What_revives_a_node_depends_on_whose_machine_it_is()
    {
        var seen = Healthy with
        {
            Flag = " -f farm.yaml",
            ControlPlane = new ControlPlanePlan
            {
                Orders = new ControlPlaneOrders { Generation = "g", Configuration = [], Texts = [], SshKeys = [], SshUser = "ops" },
                Machines = [new ReportedMachine("farm-control-plane-0", null), new ReportedMachine("farm-control-plane-1", null)],
                Changes = [],
            },
            Nodes =
            [
                Healthy.Nodes[0] with { Ready = false },
                new NodeSign("farm-control-plane-1", Ready: false, "azure:///x/virtualMachines/farm-control-plane-1", Noon.AddHours(-1)) { ControlPlane = true },
                new NodeSign("nas", Ready: false, "", Noon.AddHours(-1)),
            ],
        };

        var remedies = Diagnosis.Of(seen).Select(finding => finding.Remedy).ToList();

        Assert.EndsWith("'ebb restart -f farm.yaml -m agents000000 --force'.", remedies[0], StringComparison.Ordinal);
        Assert.EndsWith("'ebb up -f farm.yaml' starts its machine if that is stopped, and makes it anew if it is gone; 'ebb logs -f farm.yaml -m 1' shows what it says.", remedies[1], StringComparison.Ordinal);
        Assert.EndsWith("Its machine is of no pool: see to it where it runs.", remedies[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cordon,keep,by=ada@desk#1,at=2026-11-22T11:50:00.000Z", "busy", true)]
    [InlineData("cordon,keep,by=ada@desk#1,at=2026-11-22T11:59:55.000Z", "busy", false)]
    [InlineData("cordon,keep", "busy", true)]
    [InlineData("cordon,keep,stopped", "stopped", false)]
    [InlineData("cordon,keep,stopped", "idle", true)]
    [InlineData("cordon,keep,stopped,by=ada@desk#1,at=2026-11-22T11:59:55.000Z", "idle", false)]
    public void A_hold_that_a_killed_command_left_is_told_with_what_takes_it_off(string mark, string state, bool told)
    {
        var findings = Diagnosis.Of(Healthy with
        {
            Flag = " -f farm.yaml",
            Status = Status() with { Machines = [Machine(state)] },
            Nodes = [Healthy.Nodes[0] with { Hold = OperatingMark.Read(mark) }],
        });

        Assert.Equal(told ? 1 : 0, findings.Length);
        Assert.All(findings, finding =>
        {
            Assert.Equal((Severity.Warning, "node agents000000"), (finding.Severity, finding.About));
            Assert.StartsWith("'ebb start -f farm.yaml -m agents000000' ", finding.Remedy, StringComparison.Ordinal);
        });
    }
}
