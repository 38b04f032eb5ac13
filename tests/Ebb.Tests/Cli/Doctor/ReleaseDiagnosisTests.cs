using System.Text.Json.Nodes;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Doctor;
using Ebb.Cli.Provisioning.Orders;

namespace Ebb.Tests.Cli.Doctor;

public sealed class ReleaseDiagnosisTests
{
    private static readonly ControlPlaneOrders Orders = new()
    {
        Generation = "g",
        Configuration = new JsonObject { ["files"] = new JsonArray() },
        Texts = [],
        SshKeys = [],
        SshUser = "ops",
    };

    [Fact]
    public void A_cluster_of_one_release_has_no_finding() => Assert.Empty(ReleaseDiagnosis.Of(Seen("v1.34.1+k3s1", "v1.34.1+k3s1")));

    [Theory]
    [InlineData("v1.33.1+k3s1", "Warning", "another release than the control plane's v1.34.1+k3s1")]
    [InlineData("v1.30.1+k3s1", "Broken", "does not support that")]
    [InlineData("v1.35.1+k3s1", "Broken", "does not support that")]
    public void A_node_of_another_release_is_told_with_the_command_that_mends_it(string release, string severity, string what)
    {
        var finding = Assert.Single(ReleaseDiagnosis.Of(Seen("v1.34.1+k3s1", release)));

        Assert.Equal(severity, finding.Severity.ToString());
        Assert.Contains(what, finding.What, StringComparison.Ordinal);
        Assert.Contains($"agents000000 runs {release}", finding.What, StringComparison.Ordinal);
        Assert.Contains("'ebb upgrade -f farm.yaml'", finding.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Failed", "g", "Broken", "failed: the disk is full")]
    [InlineData("Working", "g", "Warning", "is not yet as was wanted last")]
    [InlineData("Done", "before", "Warning", "is not yet as was wanted last")]
    public void A_machine_that_failed_or_lags_behind_is_told(string phase, string generation, string severity, string what)
    {
        var seen = Seen("v1.34.1+k3s1", "v1.34.1+k3s1", Enum.Parse<ControlPlanePhase>(phase), generation);

        var finding = Assert.Single(ReleaseDiagnosis.Of(seen));

        Assert.Equal((severity, "control plane farm-control-plane-0"), (finding.Severity.ToString(), finding.About));
        Assert.Contains(what, finding.What, StringComparison.Ordinal);
    }

    private static Symptoms Seen(string controlPlane, string kubelet, ControlPlanePhase phase = ControlPlanePhase.Done, string generation = "g") => new()
    {
        Now = default,
        Flag = " -f farm.yaml",
        ControlPlane = new ControlPlanePlan
        {
            Orders = Orders,
            Before = Orders,
            Changes = [],
            Machines =
            [
                new ReportedMachine("farm-control-plane-0", new ControlPlaneState
                {
                    Machine = "farm-control-plane-0",
                    Generation = generation,
                    Attempt = 1,
                    Phase = phase,
                    Why = phase is ControlPlanePhase.Failed ? "the disk is full" : null,
                    Release = controlPlane,
                    Ebb = "",
                    At = default,
                }),
            ],
        },
        Nodes =
        [
            new NodeSign("farm-control-plane-0", Ready: true, "", default, controlPlane),
            new NodeSign("agents000000", Ready: true, "", default, kubelet),
        ],
    };
}
