using System.Text.Json.Nodes;

namespace Ebb.SystemTests.RealKubernetes;

/// <summary>What our models are held against is what it says it is.</summary>
public sealed class RealControlPlaneTests
{
    [Fact]
    public async Task The_control_plane_of_the_tests_is_a_real_one_at_work()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var plane = await RealControlPlane.StartAsync(new RealControlPlaneOptions(), ct);

        var version = JsonNode.Parse(await plane.Admin.GetStringAsync(new Uri("version", UriKind.Relative), ct))!;

        Assert.Equal("1", (string?)version["major"]);
        Assert.Matches(@"^v1\.\d+\.\d+", (string?)version["gitVersion"]);
    }
}
