using System.Net;
using Ebb.Clouds;

namespace Ebb.Tests.Clouds.Azure;

/// <summary>Lists that come in pages.</summary>
public class PagesTests
{
    private readonly AzureCase _azure = new();

    [Fact]
    public void All_pages_of_a_list_are_read()
    {
        _azure.Arm.Set("agents", 7);
        _azure.Arm.PageSize = 3;

        Assert.Equal(7, _azure.Pool().Machines.Length);
        Assert.Equal(3, _azure.Arm.Count("GET agents/virtualMachines"));
    }

    [Fact]
    public void A_page_that_fails_spoils_the_list_and_nothing_of_it_is_used()
    {
        var arm = _azure.Arm;
        arm.Set("agents", 4);
        _azure.Read();
        arm.Sets["agents"].Capacity = 6;
        arm.Sets["agents"].Machines.AddRange([4, 5]);
        arm.PageSize = 4;
        arm.After("GET agents/virtualMachines", r => Instead(r));

        var view = _azure.Read();

        Assert.False(view.Complete);
        Assert.Equal(4, view.Pools[0].Machines.Length);

        // The first page comes, with a link to a second one that is throttled.
        HttpResponseMessage Instead(HttpRequestMessage request)
        {
            arm.Instead("GET agents/virtualMachines", HttpStatusCode.TooManyRequests, "{}", "5");
            return ScriptedArm.Answer(HttpStatusCode.OK, $$"""{"value":[],"nextLink":"{{request.RequestUri!.AbsoluteUri}}&skip=4"}""");
        }
    }

    [Fact]
    public void A_next_page_on_another_host_is_not_asked_for()
    {
        _azure.Arm.Set("agents", 1);
        _azure.Arm.Instead("GET sets", HttpStatusCode.OK, """{"value":[],"nextLink":"https://evil.test/more"}""");

        var e = Assert.Throws<CloudException>(() => _azure.Read());

        Assert.Contains("elsewhere", e.Message, StringComparison.Ordinal);
        Assert.All(_azure.Arm.Requests, r => Assert.Equal("arm.test", r.RequestUri!.Host));
    }

    [Fact]
    public void A_list_whose_pages_go_in_a_circle_ends()
    {
        _azure.Arm.Instead("GET sets", r => ScriptedArm.Answer(HttpStatusCode.OK, $$"""{"value":[],"nextLink":"{{r.RequestUri}}"}"""));

        Assert.Throws<CloudException>(() => _azure.Read());
    }
}
