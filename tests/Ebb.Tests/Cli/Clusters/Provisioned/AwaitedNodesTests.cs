using Ebb.Cli.Clusters.Provisioned;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

public sealed class AwaitedNodesTests : IDisposable
{
    private const string Two = """

          - name: burst
            size: Standard_D4s_v5
            priority: spot-then-regular
            min: 2
        """;

    private readonly CloudCase _case = new();

    [Fact]
    public void Machines_that_are_stopped_are_told_and_not_waited_for()
    {
        var yaml = CloudCase.Starter + Two;
        _case.Up(yaml);

        var all = Count(yaml);
        _case.World.Deallocate("farm-compute", "burst", ["0"]);
        _case.World.Deallocate("farm-compute", "agents", ["0"]);
        _case.Do(() => Task.Delay(TimeSpan.FromMinutes(5), _case.Time, CancellationToken.None));
        var some = Count(yaml);

        Assert.Equal((4, 0), (all.Count, all.Told.Count));
        Assert.Equal(2, some.Count);
        Assert.Equal(
            ["1 machine of pool agents is stopped and not waited for; 'ebb start -f farm.yaml agents' starts it.", "1 machine of pool burst is stopped and not waited for; 'ebb start -f farm.yaml burst' starts it."],
            some.Told);
    }

    public void Dispose() => _case.Dispose();

    private (int Count, List<string> Told) Count(string yaml)
    {
        List<string> told = [];
        return (
            _case.Do(() => AwaitedNodes.CountAsync(CloudCase.File(yaml), _case.Cloud, " -f farm.yaml", happened => told.Add(((ProvisionEvent.Note)happened).Text), CancellationToken.None)),
            told);
    }
}
