using System.Net;
using Ebb.Cli.Clusters.Provisioned.Rollout;

namespace Ebb.Tests.Cli.Clusters.Provisioned.Rollout;

public class ReleaseChannelTests
{
    private static readonly Uri Azure = new("https://management.azure.com/");

    [Fact]
    public async Task The_release_is_the_end_of_the_address_that_the_channel_leads_to()
    {
        Uri? asked = null;
        using var http = new HttpMessageInvoker(new Told(request =>
        {
            asked = request.RequestUri;
            return Redirect("https://github.com/k3s-io/k3s/releases/tag/v1.35.1%2Bk3s1");
        }));

        Assert.Equal("v1.35.1+k3s1", await ReleaseChannel.NewestAsync("stable", Azure, http, TimeProvider.System, CancellationToken.None));
        Assert.Equal("https://update.k3s.io/v1-release/channels/stable", asked!.AbsoluteUri);
    }

    [Theory]
    [InlineData(HttpStatusCode.NotFound, null, "no channel 'v1.99'")]
    [InlineData(HttpStatusCode.ServiceUnavailable, null, "answered 503")]
    [InlineData(HttpStatusCode.Found, "https://github.com/login", "without naming a release")]
    [InlineData(HttpStatusCode.OK, null, "answered 200")]
    public async Task Whatever_else_it_answers_is_an_error_that_says_what_to_do(HttpStatusCode status, string? location, string said)
    {
        using var http = new HttpMessageInvoker(new Told(_ => location is null ? new HttpResponseMessage(status) : Redirect(location)));

        var e = await Assert.ThrowsAsync<EbbException>(() => ReleaseChannel.NewestAsync("v1.99", Azure, http, TimeProvider.System, CancellationToken.None));

        Assert.Contains(said, e.Message, StringComparison.Ordinal);
        Assert.Contains("kubernetes.version", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v1.31.5+k3s1", true)]
    [InlineData("v1.31.5-rc1+k3s1", true)]
    [InlineData("v1.31.5", false)]
    [InlineData("1.31.5+k3s1", false)]
    [InlineData("v1.31.5+k3s1; reboot", false)]
    public void A_release_is_well_formed_or_none(string text, bool well) => Assert.Equal(well ? text : null, K3sRelease.Parse(text)?.ToString());

    [Fact]
    public void Releases_have_an_order()
    {
        string[] order = ["v1.31.14+k3s1", "v1.32.0-rc1+k3s1", "v1.32.0-rc2+k3s1", "v1.32.0+k3s1", "v1.32.0+k3s2", "v1.32.10+k3s1"];

        Assert.Equal(order, order.Reverse().OrderBy(text => K3sRelease.Parse(text)));
    }

    private static HttpResponseMessage Redirect(string to) => new(HttpStatusCode.Found) { Headers = { Location = new Uri(to) } };

    private sealed class Told(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(answer(request));
    }
}
