using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Tests.Clouds.Azure.Deployments;

public class SharedKeyTests
{
    [Fact]
    public void What_is_signed_is_verb_headers_and_resource_in_the_order_that_Azure_wants()
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, "https://acct.file.core.windows.net/ebb-system/bin/a%20b?restype=directory&comp=range");
        request.Headers.Add("x-ms-version", "2022-11-02");
        request.Headers.Add("x-ms-date", "Thu, 01 Jan 2026 00:00:00 GMT");
        request.Content = new ByteArrayContent(new byte[3]);
        request.Content.Headers.ContentType = new("application/octet-stream");

        Assert.Equal(
            "PUT\n\n\n3\n\napplication/octet-stream\n\n\n\n\n\n\n"
            + "x-ms-date:Thu, 01 Jan 2026 00:00:00 GMT\nx-ms-version:2022-11-02\n"
            + "/acct/ebb-system/bin/a%20b\ncomp:range\nrestype:directory",
            SharedKey.StringToSign(request, "acct"));
    }

    [Fact]
    public void No_body_is_an_empty_length()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://acct.file.core.windows.net/s/f");
        request.Headers.Add("x-ms-version", "2022-11-02");

        Assert.StartsWith("GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-version:", SharedKey.StringToSign(request, "acct"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_is_never_printed()
    {
        Assert.DoesNotContain("c2VjcmV0", new StorageAccess("acct", new Uri("https://a/"), "c2VjcmV0").ToString(), StringComparison.Ordinal);
    }
}
