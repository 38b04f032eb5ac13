using System.Net;
using Ebb.Sandbox.Azure;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure;

public class K3sChannelsTests
{
    [Theory]
    [InlineData("stable", K3sChannels.Stable)]
    [InlineData("v1.31", "v1.31.14+k3s1")]
    public async Task A_channel_leads_to_its_newest_release_without_a_token(string channel, string release)
    {
        using var lab = await FaceLab.StartAsync(Lab.Spec(1));
        using var http = new HttpMessageInvoker(new InProcessHandler(lab.Face));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://arm.sandbox/v1-release/channels/{channel}");

        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        Assert.EndsWith("/" + Uri.EscapeDataString(release), answer.Headers.Location!.AbsoluteUri, StringComparison.Ordinal);
        Assert.True(K3sChannels.Has(release));
    }

    [Theory]
    [InlineData("v1.31.5+k3s1", true)]
    [InlineData("v1.31.99+k3s1", false)]
    [InlineData("v1.31.5", false)]
    [InlineData("v2.0.0+k3s1", false)]
    public void Only_releases_that_were_made_can_be_installed(string release, bool there) => Assert.Equal(there, K3sChannels.Has(release));
}
