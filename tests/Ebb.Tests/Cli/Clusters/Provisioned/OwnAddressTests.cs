using System.Net;
using Ebb.Cli.Clusters.Provisioned;

namespace Ebb.Tests.Cli.Clusters.Provisioned;

public class OwnAddressTests
{
    private static readonly Uri Azure = new("https://management.azure.com/");

    [Fact]
    public async Task What_the_user_says_counts_and_nobody_is_asked()
    {
        var asked = new Asked(_ => throw new InvalidOperationException());

        var own = await FindAsync(Azure, asked, "203.0.113.7, 2001:db8::/64");

        Assert.Equal(["203.0.113.7/32", "2001:db8::/64"], own);
    }

    [Fact]
    public async Task A_cloud_on_this_machine_sees_it_at_its_loopback()
    {
        Assert.Equal(["127.0.0.1/32"], await FindAsync(new Uri("https://127.0.0.1:8443/"), new Asked(_ => throw new InvalidOperationException())));
    }

    [Fact]
    public async Task When_the_first_that_is_asked_is_away_the_second_tells()
    {
        var asked = new Asked(host => host.StartsWith("checkip", StringComparison.Ordinal) ? throw new HttpRequestException("away") : "198.51.100.9\n");

        Assert.Equal(["198.51.100.9/32"], await FindAsync(Azure, asked));
    }

    [Fact]
    public async Task A_page_that_is_no_address_is_no_answer_and_the_way_out_is_named()
    {
        var e = await Assert.ThrowsAsync<EbbException>(() => FindAsync(Azure, new Asked(_ => "<html>Sign in to this network</html>")));

        Assert.Contains(OwnAddress.Variable, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_address_is_refused()
    {
        var e = await Assert.ThrowsAsync<EbbException>(() => FindAsync(Azure, new Asked(_ => ""), "here"));

        Assert.Contains("'here'", e.Message, StringComparison.Ordinal);
    }

    private static async Task<IEnumerable<string>> FindAsync(Uri endpoint, HttpMessageHandler handler, string? said = null)
    {
        using var http = new HttpMessageInvoker(handler);
        var own = await OwnAddress.FindAsync(endpoint, name => name == OwnAddress.Variable ? said : null, http, TimeProvider.System, TestContext.Current.CancellationToken);
        return own.Select(network => network.ToString());
    }

    private sealed class Asked(Func<string, string> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(answer(request.RequestUri!.Host)) });
    }
}
