using System.Text.Json.Nodes;
using Ebb.Cli.Clusters.Provisioned.Rollout;
using Ebb.Cli.Provisioning.Orders;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Rollout;

public class SilentMachinesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(30, null, "running", true)]
    [InlineData(30, 29, "running", false)]
    [InlineData(30, 31, "running", true)]
    [InlineData(10, null, "running", false)]
    [InlineData(30, null, "deallocated", false)]
    [InlineData(null, null, "running", false)]
    public void A_machine_that_is_old_enough_and_has_reported_nothing_of_itself_does_not_follow(int? madeAgo, int? reportedAgo, string power, bool silent)
    {
        var report = new ReportedMachine("farm-control-plane-0", reportedAgo is { } ago ? State(Now - TimeSpan.FromMinutes(ago)) : null);

        var found = SilentMachines.Of([report], [Machine("farm-control-plane-0", madeAgo, power)], Now);

        Assert.Equal(silent ? ["farm-control-plane-0"] : [], found);
    }

    [Fact]
    public void One_that_is_yet_to_be_made_is_not_missed() =>
        Assert.Empty(SilentMachines.Of([new ReportedMachine("farm-control-plane-1", null)], [Machine("farm-control-plane-0", 60, "running")], Now));

    [Fact]
    public void The_remedy_is_one_that_keeps_what_Kubernetes_holds_where_there_is_one()
    {
        Assert.Contains("az vm delete -g farm-compute -n a') and run 'ebb up': it is made anew as a new member of the store; then the next.", SilentMachines.Describe(["a", "b"], 3, "farm-compute"), StringComparison.Ordinal);
        Assert.Contains("'ebb down --keep-storage', then 'ebb up', makes it anew; what Kubernetes holds goes with its disk", SilentMachines.Describe(["a"], 1, "farm-compute"), StringComparison.Ordinal);
    }

    private static VirtualMachine Machine(string name, int? madeAgo, string power) => new(name, new JsonObject
    {
        ["properties"] = new JsonObject
        {
            ["timeCreated"] = madeAgo is { } ago ? $"{Now - TimeSpan.FromMinutes(ago):O}" : null,
            ["instanceView"] = new JsonObject { ["statuses"] = new JsonArray(new JsonObject { ["code"] = $"PowerState/{power}" }) },
        },
    });

    private static ControlPlaneState State(DateTimeOffset at) => new()
    {
        Machine = "farm-control-plane-0",
        Generation = "g",
        Attempt = 0,
        Phase = ControlPlanePhase.Done,
        Release = "v1.34.1+k3s1",
        Ebb = "",
        At = at,
    };
}
