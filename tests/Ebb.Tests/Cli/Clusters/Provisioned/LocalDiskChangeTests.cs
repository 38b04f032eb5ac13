using Ebb.Cli.Clusters.Provisioned;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>Where the system disks of a pool lie: on the hosts of its machines, or beside them.</summary>
public sealed class LocalDiskChangeTests : IDisposable
{
    private static readonly string Local = CloudCase.Starter.Replace("Standard_D4s_v5", "Standard_D4s_v3", StringComparison.Ordinal);

    private static readonly string Beside = Local + "\n    localDisk: false\n";

    private readonly CloudCase _case = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Another_place_for_them_is_another_scale_set_and_the_plan_says_so(bool local)
    {
        var (before, after) = local ? (Beside, Local) : (Local, Beside);
        _case.Up(before);
        Assert.Equal(!local, _case.World.Find("farm-compute", "agents")!.Spec.EphemeralDisk);

        var change = Assert.Single(_case.Plan(after).Changes, c => c.Name == "agents");
        _case.Up(after);

        Assert.Equal(ChangeAction.Replace, change.Action);
        Assert.Contains(change.Parts, part => part.Effect is Effect.Replace && part.What.Contains("storageProfile.osDisk.", StringComparison.Ordinal));
        Assert.Equal(local, _case.World.Find("farm-compute", "agents")!.Spec.EphemeralDisk);
        Assert.Empty(_case.Plan(after).Changes);
    }

    [Theory]
    [InlineData("Standard_D4s_v5", "spot", 32)]
    [InlineData("Standard_D4s_v3", "regular", 32)]
    [InlineData("Standard_D4s_v3", "spot", 64)]
    public void Where_they_are_beside_their_hosts_anyway_saying_so_changes_nothing(string size, string priority, int gib)
    {
        var yaml = CloudCase.Starter.Replace("Standard_D4s_v5", size, StringComparison.Ordinal).Replace("spot", priority, StringComparison.Ordinal) + $"\n    diskGiB: {gib}\n";
        _case.Up(yaml);

        Assert.False(_case.World.Find("farm-compute", "agents")!.Spec.EphemeralDisk);
        Assert.Empty(_case.Plan(yaml + "    localDisk: false\n").Changes);
    }

    public void Dispose() => _case.Dispose();
}
