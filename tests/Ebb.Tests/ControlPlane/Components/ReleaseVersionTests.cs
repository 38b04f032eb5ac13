using Ebb.Cli.ControlPlane.Components;

namespace Ebb.Tests.ControlPlane.Components;

public class ReleaseVersionTests
{
    [Theory]
    [InlineData("Kubernetes v1.20.2", "1.20.2")]
    [InlineData("Kubernetes v1.30.4+k3s1\n", "1.30.4")]
    [InlineData("etcd Version: 3.4.23\nGit SHA: Not provided\nGo Version: go1.19.8\n", "3.4.23")]
    [InlineData("Kubernetes v1.33.0-rc.1", "1.33.0")]
    public void A_version_is_found_in_what_a_program_prints(string printed, string version)
    {
        Assert.Equal(version, ReleaseVersion.Find(printed)?.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("usage: etcd [flags]")]
    [InlineData("v1.20")]
    [InlineData("v99999999999.1.1")]
    public void Nothing_is_found_where_there_is_none(string printed)
    {
        Assert.Null(ReleaseVersion.Find(printed));
    }

    [Fact]
    public void Releases_are_ordered_by_number_not_by_letter()
    {
        Assert.True(ReleaseVersion.Find("1.9.11") < ReleaseVersion.Find("1.20.2"));
        Assert.True(ReleaseVersion.Find("3.5.10")!.Value.AtLeast(3, 5, 9));
        Assert.False(ReleaseVersion.Find("3.4.23")!.Value.AtLeast(3, 5));
    }
}
