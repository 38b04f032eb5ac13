using Ebb.Cli.Clusters.Provisioned.Rotating;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

// Which machines hold a rotation up, and how they are named.
public sealed partial class RotationRunTests
{
    [Fact]
    public void A_machine_that_mounts_with_the_key_before_holds_the_rotation_up_and_is_named()
    {
        var held = Assert.Single(Run(RotationKind.Storage).HeldBy);

        Assert.Contains("agents_0 mounts with the key before: 'ebb restart agents --machine agents_0'", held, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_machine_that_is_off_holds_no_rotation_of_keys_up_whether_or_not_it_has_a_node(bool deallocated, bool node)
    {
        if (!node)
        {
            _joined.Clear();
        }

        var running = Run(RotationKind.Storage);
        _ = deallocated ? _case.World.Deallocate("farm-compute", "agents", null) : _case.World.PowerOff("farm-compute", "agents", null);
        _case.Do(() => Task.Delay(TimeSpan.FromMinutes(5), _case.Time));

        Assert.Contains("agents_0", Assert.Single(running.HeldBy), StringComparison.Ordinal);
        Assert.Empty(Run(RotationKind.Storage).HeldBy);
    }

    [Fact]
    public void Shares_that_the_file_names_no_more_hold_the_rotation_up_as_long_as_a_machine_has_them_mounted()
    {
        var kind = RotationKind.Choose([RotationKind.Storage])[0];
        var file = CloudCase.File() with { Storage = CloudCase.File().Storage with { Shares = [] } };
        var work = new RotationWork(file, "", _home, _case.Cloud, ApplyAsync, NodesAsync);

        var held = Assert.Single(Run(kind, work).HeldBy);
        foreach (var (name, node) in _joined.ToList())
        {
            _joined[name] = node with { SharesKey = "" };
        }

        Assert.Contains("agents_0 mounts with the key before", held, StringComparison.Ordinal);
        Assert.Empty(Run(kind, work).HeldBy);
    }

    [Fact]
    public void Where_there_never_were_shares_no_machine_holds_their_keys_up()
    {
        var file = CloudCase.File() with { Storage = CloudCase.File().Storage with { Shares = [] } };
        _joined.Clear();

        Assert.Empty(Run(RotationKind.Choose([RotationKind.Storage])[0], new RotationWork(file, "", _home, _case.Cloud, ApplyAsync, NodesAsync)).HeldBy);
    }

    [Fact]
    public void A_machine_that_joined_by_the_authority_before_holds_the_rotation_up_and_is_named()
    {
        var held = Assert.Single(Run(ClusterAuthorities.What).HeldBy);

        Assert.Contains("agents_0 has certificates by the authority before: 'ebb restart agents --machine agents_0'", held, StringComparison.Ordinal);
    }

    [Fact]
    public void A_machine_that_is_off_holds_a_rotation_of_authorities_up_since_it_may_come_back_with_certificates_by_the_old_ones()
    {
        Run(ClusterAuthorities.What);
        _case.World.Deallocate("farm-compute", "agents", null);
        _case.Do(() => Task.Delay(TimeSpan.FromMinutes(5), _case.Time));

        Assert.Contains("agents_0 is off, and may know the authority before only: start it", Assert.Single(Run(ClusterAuthorities.What).HeldBy), StringComparison.Ordinal);
    }
}
