using Ebb.Cli.Clusters.Provisioned.Rotating;
using Ebb.Cli.Definition;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>Which clusters can have their authorities rotated.</summary>
public sealed class AuthoritiesReleaseTests
{
    [Theory]
    [InlineData("v1.29.15+k3s1")]
    [InlineData("v1.31.7+k3s1")]
    [InlineData("v1.33.0+k3s1")]
    [InlineData("v1.40.2+k3s1")]
    public void K3s_that_takes_other_authorities_up_is_good_for_it(string release) => RotationCommands.RequireReplacement(CloudCase.File(), release);

    [Theory]
    [InlineData("v1.28.15+k3s1")]
    [InlineData("v1.31.6+k3s2")]
    [InlineData("v1.32.2+k3s1")]
    [InlineData(null)]
    public void An_older_k3s_is_upgraded_first(string? release) => Assert.Contains(
        "upgrade' first", Assert.Throws<EbbException>(() => RotationCommands.RequireReplacement(CloudCase.File(), release)).Message, StringComparison.Ordinal);

    [Fact]
    public void Without_k3s_they_are_not_rotated()
    {
        var file = CloudCase.File();

        var refused = Assert.Throws<EbbException>(() => RotationCommands.RequireReplacement(file with { Kubernetes = file.Kubernetes with { Distribution = Distribution.Kubelet } }, null));

        Assert.Contains("where k3s runs", refused.Message, StringComparison.Ordinal);
    }
}
