using System.Net;
using System.Text.Json.Nodes;
using Ebb.Cli.Operating;
using Ebb.Clouds;

namespace Ebb.Tests.Clouds.Azure;

public class ResizeTests
{
    private readonly AzureCase _azure = new();

    private ScriptedArm Arm => _azure.Arm;

    [Fact]
    public void A_size_is_sent_with_the_capacity_and_the_entity_tag_of_the_read_before_it()
    {
        Arm.Set("agents", 2);
        var view = _azure.Pool();

        Assert.True(_azure.Do(c => c.ResizeAsync(view, "Standard_D8s_v5", CancellationToken.None)));

        var patch = Arm.Calls.IndexOf("PATCH agents");
        Assert.Equal("\"1\"", Arm.Requests[patch].Headers.GetValues("If-Match").Single());
        Assert.Equal("""{"sku":{"name":"Standard_D8s_v5","tier":"Standard","capacity":2}}""", Arm.Bodies[patch]);
    }

    [Fact]
    public void What_the_pools_tags_say_of_its_size_goes_with_it_and_what_a_person_wrote_stays()
    {
        var set = Arm.Set("agents", 2);
        (set.Tags["ebb-max"], set.Tags["ebb-resource_cpu"], set.Tags["ebb-resource_memory"]) = ("10", "2000m", "7000Mi");
        var view = _azure.Pool();

        Assert.True(_azure.Do(c => c.ResizeAsync(view, "Standard_NC4as_T4_v3", CancellationToken.None)));

        var tags = JsonNode.Parse(Arm.Bodies[Arm.Calls.IndexOf("PATCH agents")])!["tags"]!.AsObject();
        Assert.Equal(["ebb-max: 10", "ebb-resource_cpu: 4000m", "ebb-resource_memory: 7000Mi", "ebb-resource_nvidia.com_gpu: 1"], tags.Select(tag => $"{tag.Key}: {tag.Value}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_size_of_which_Azure_says_nothing_is_not_given_to_a_pool_whose_tags_would_be_wrong_then()
    {
        Arm.Set("agents", 2).Tags["ebb-resource_cpu"] = "2000m";
        var view = _azure.Pool();

        var failure = Assert.Throws<CloudException>(() => _azure.Do(c => c.ResizeAsync(view, "Standard_D99s_v5", CancellationToken.None)));

        Assert.Contains("Nothing was sent", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, Arm.Count("PATCH"));
    }

    [Fact]
    public void The_size_that_it_has_is_not_sent_again()
    {
        Arm.Set("agents", 2);
        var view = _azure.Pool();

        Assert.False(_azure.Do(c => c.ResizeAsync(view, "standard_d2s_v5", CancellationToken.None)));
        Assert.Equal(0, Arm.Count("PATCH"));
    }

    [Fact]
    public void A_pool_that_changes_in_the_same_moment_is_left_as_it_is()
    {
        Arm.Set("agents", 2);
        var view = _azure.Pool();
        Arm.Instead("PATCH agents", HttpStatusCode.PreconditionFailed, """{"error":{"code":"PreconditionFailed","message":"no"}}""");

        var failure = Assert.Throws<CloudException>(() => _azure.Do(c => c.ResizeAsync(view, "Standard_D8s_v5", CancellationToken.None)));

        Assert.Contains("run it again", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"status":"Succeeded"}""", null)]
    [InlineData("""{"status":"Failed","error":{"code":"SkuNotAvailable","message":"Not here."}}""", "Pool 'agents' could not be given size Standard_D8s_v5: SkuNotAvailable: Not here. Its machines were left as they are.")]
    public void The_end_of_it_is_waited_for_and_why_it_failed_is_told(string end, string? told)
    {
        Arm.Set("agents", 2);
        var view = _azure.Pool();
        Arm.Operations[1] = """{"status":"InProgress"}""";
        _azure.Later(TimeSpan.FromMinutes(2), () => Arm.Operations[1] = end);

        var before = _azure.Time.GetUtcNow();
        var failure = Record.Exception(() => _azure.Do(c => PoolResize.RunAsync(c, view, "Standard_D8s_v5", _azure.Time, CancellationToken.None)));

        Assert.Equal(told, failure?.Message);
        Assert.True(_azure.Time.GetUtcNow() - before >= TimeSpan.FromMinutes(2));
    }
}
