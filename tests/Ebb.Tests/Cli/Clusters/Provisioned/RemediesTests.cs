using Ebb.Cli.Clusters.Provisioned;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

public class RemediesTests
{
    [Theory]
    [InlineData("Virtual Machine Scale Set 'agents' has reached its limit of 10 models that may be referenced by one or more VMs belonging to the Virtual Machine Scale Set.", "'ebb upgrade', or 'ebb reimage POOL', does so with one machine after the other.")]
    [InlineData("Operation could not be completed as it results in exceeding approved Total Regional Cores quota.", "Where it names a quota: ask for more under 'Usage + quotas' of the subscription, or choose smaller sizes.")]
    public void A_code_that_means_several_things_is_told_apart_by_what_is_said_with_it(string message, string remedy)
    {
        var fault = new AzureFault("DeploymentFailed", "At least one resource deployment operation failed.", null, [new AzureFault("OperationNotAllowed", message, null, [])]);

        Assert.Equal(remedy, Remedies.Of(fault));
    }
}
