using System.Net;
using Ebb.Cli.Clusters.Provisioned;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

/// <summary>Why a cluster that is as its file says, as far as Azure shows it, is deployed again.</summary>
public sealed class LastDeploymentTests : IDisposable
{
    private readonly CloudCase _case = new();

    [Theory]
    [InlineData(HttpStatusCode.NotFound, """{"error":{"code":"DeploymentNotFound","message":"Deployment 'ebb-compute' could not be found."}}""", "Azure keeps no record of the last time")]
    [InlineData(HttpStatusCode.OK, """{"name":"ebb-compute","properties":{"provisioningState":"Running"}}""", "one that was begun elsewhere still runs")]
    [InlineData(HttpStatusCode.OK, """{"name":"ebb-compute","properties":{"provisioningState":"Failed"}}""", "the last time did not end well")]
    [InlineData(HttpStatusCode.OK, """{"name":"ebb-compute","properties":{"provisioningState":"Succeeded"}}""", "the last time was not by 'ebb up'")]
    public void The_reason_is_what_azure_says_of_the_last_time(HttpStatusCode status, string last, string reason)
    {
        _case.Up();
        _case.Wire.Answer("/deployments/ebb-compute?", status, last);

        var change = Assert.Single(_case.Plan().Changes);

        Assert.Equal((ChangeAction.Deploy, "ebb-compute"), (change.Action, change.Name));
        Assert.Contains(reason, change.Means, StringComparison.Ordinal);
    }

    public void Dispose() => _case.Dispose();
}
