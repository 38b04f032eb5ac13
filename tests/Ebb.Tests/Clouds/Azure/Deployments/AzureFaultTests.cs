using System.Net;
using System.Text;
using Ebb.Clouds.Azure;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Tests.Clouds.Azure.Deployments;

public class AzureFaultTests
{
    [Fact]
    public void The_cause_of_a_failed_deployment_is_found_under_all_that_is_around_it()
    {
        var fault = Read("""
            {"error":{"code":"DeploymentFailed","target":"/d","message":"At least one resource deployment operation failed.",
             "details":[{"code":"ResourceDeploymentFailure","target":"/vm","message":"It reached terminal provisioning state 'Failed'.",
              "details":[{"code":"AllocationFailed","message":"There is no room for Standard_D2s_v5."}]}]}}
            """);

        var cause = Assert.Single(fault.Causes);
        Assert.Equal("AllocationFailed", cause.Code);
        Assert.Equal("AllocationFailed: There is no room for Standard_D2s_v5.", fault.ToString());
        Assert.True(fault.Has("ResourceDeploymentFailure"));
    }

    [Fact]
    public void An_error_that_was_packed_into_a_message_is_unpacked()
    {
        var fault = Read("""
            {"error":{"code":"DeploymentFailed","message":"One failed.","details":[
             {"code":"Conflict","message":"{\r\n  \"error\": {\r\n    \"code\": \"StorageAccountAlreadyTaken\",\r\n    \"message\": \"The storage account named x is already taken.\"\r\n  }\r\n}"},
             {"code":"BadRequest","message":"{ this only looks like one"}]}}
            """);

        Assert.Equal(["StorageAccountAlreadyTaken", "BadRequest"], fault.Causes.Select(c => c.Code));
        Assert.Equal("The storage account named x is already taken.", fault.Causes.First().Message);
    }

    [Fact]
    public void An_error_without_an_end_is_cut_off()
    {
        var nested = string.Concat(Enumerable.Repeat("""{"code":"A","message":"m","details":[""", 15)) + string.Concat(Enumerable.Repeat("]}", 15));

        Assert.Equal("A", Assert.Single(Read($$"""{"error":{{nested}}}""").Causes).Code);
    }

    private static AzureFault Read(string body) => AzureFault.Of(ArmError.Read(HttpStatusCode.BadRequest, Encoding.UTF8.GetBytes(body)));
}
