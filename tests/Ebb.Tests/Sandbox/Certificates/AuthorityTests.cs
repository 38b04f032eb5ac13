using System.Net;
using Ebb.Sandbox.Certificates;

namespace Ebb.Tests.Sandbox.Certificates;

public class AuthorityTests
{
    [Fact]
    public void A_certificate_is_good_for_the_use_it_was_issued_for_and_for_no_other()
    {
        using var authority = Authority.Create("test", TimeProvider.System);

        using var server = authority.IssueServer("api", ["api.example"], [IPAddress.Parse("10.0.0.1")]);
        using var client = authority.IssueClient("jane", "dev", "ops");

        Assert.True(authority.Issued(server, client: false));
        Assert.False(authority.Issued(server, client: true));
        Assert.True(authority.Issued(client, client: true));
        Assert.True(server.MatchesHostname("localhost") && server.MatchesHostname("127.0.0.1") && server.MatchesHostname("api.example") && server.MatchesHostname("10.0.0.1"));
        Assert.Equal("O=dev, O=ops, CN=jane", client.Subject);
    }

    [Fact]
    public void An_authority_of_the_same_name_with_another_key_is_not_the_issuer()
    {
        using var authority = Authority.Create("test", TimeProvider.System);
        using var other = Authority.Create("test", TimeProvider.System);

        using var client = other.IssueClient("jane");

        Assert.False(authority.Issued(client, client: true));
    }

    [Fact]
    public void An_authority_kept_as_pem_goes_on_issuing()
    {
        using var first = Authority.Create("test", TimeProvider.System);

        using var again = Authority.Load(first.CertificatePem, first.ExportKeyPem(), TimeProvider.System);
        using var server = again.IssueServer("api", [], []);

        Assert.True(first.Issued(server, client: false));
    }
}
