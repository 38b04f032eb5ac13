using Ebb.Cli.Clusters.Provisioned.Upgrading;
using Ebb.Cli.Output;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Upgrading;

public class UpgradeViewTests
{
    [Theory]
    [InlineData(false, null, "Cluster 'farm' is at v1.34.5+k3s1.")]
    [InlineData(true, null, "The control plane of cluster 'farm' is at v1.34.5+k3s1.")]
    [InlineData(false, "gpu", "The control plane of cluster 'farm' and pool 'gpu' are at v1.34.5+k3s1.")]
    public void No_more_is_said_to_be_at_the_release_than_was_upgraded(bool controlPlane, string? pool, string said)
    {
        using var text = new StringWriter();
        var terminal = new Terminal(text, TextWriter.Null, rich: false, colours: false);
        var view = new UpgradeView("farm", new UpgradeRequest { ControlPlaneOnly = controlPlane, Pool = pool }, "v1.34.5+k3s1", [], [], []);

        view.PrintDone(json: false, terminal);
        view.PrintNothing(json: false, terminal);

        Assert.Equal([said, $"Nothing to do: {char.ToLowerInvariant(said[0])}{said[1..]}"], text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
