namespace Ebb.Tests.Sandbox.Azure;

/// <summary>Where clients find who issues tokens, how they get one, and what is refused without.</summary>
public class SignInTests
{
    [Fact]
    public async Task A_wrong_secret_or_application_gets_no_token()
    {
        using var lab = await FaceLab.StartAsync();

        var secret = await lab.SignInAsync("app", "guess");
        var app = await lab.SignInAsync("nobody", "secret");
        var tenant = await lab.PostFormAsync("/elsewhere/oauth2/v2.0/token", ("grant_type", "client_credentials"));
        var scope = await lab.PostFormAsync("/adfs/oauth2/token", ("grant_type", "client_credentials"), ("client_id", "app"), ("client_secret", "secret"), ("scope", "openid"));

        Assert.Equal((401, "invalid_client", 7000215), (secret.Code, (string)secret.Json["error"]!, (int)secret.Json["error_codes"]![0]!));
        Assert.Equal((400, 700016), (app.Code, (int)app.Json["error_codes"]![0]!));
        Assert.Equal((400, 90002), (tenant.Code, (int)tenant.Json["error_codes"]![0]!));
        Assert.Equal((400, 70011), (scope.Code, (int)scope.Json["error_codes"]![0]!));
        Assert.DoesNotContain("secret\"", secret.Text);
    }

    [Fact]
    public async Task The_old_form_of_the_token_request_gets_all_values_as_text()
    {
        using var lab = await FaceLab.StartAsync();

        var token = await lab.PostFormAsync("/adfs/oauth2/token", ("grant_type", "client_credentials"), ("client_id", "app"), ("client_secret", "secret"), ("resource", "https://management.azure.com/"));
        lab.Token = (string)token.Json["access_token"]!;

        Assert.Equal(("3599", "https://management.azure.com/"), ((string)token.Json["expires_in"]!, (string)token.Json["resource"]!));
        Assert.Equal(200, (await lab.GetAsync("/subscriptions")).Code);
    }

    [Fact]
    public async Task Calls_without_a_good_token_are_challenged()
    {
        using var lab = await FaceLab.StartAsync();
        var good = lab.Token;

        lab.Token = "";
        var none = await lab.GetAsync("/subscriptions");
        lab.Token = good[..^4] + "AAAA";
        var forged = await lab.GetAsync("/subscriptions");
        lab.Token = "nonsense";
        var nonsense = await lab.GetAsync("/subscriptions");
        lab.Token = good;
        lab.Cloud.Pass(minutes: 61);
        var expired = await lab.GetAsync("/subscriptions");

        Assert.Equal((401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."), (none.Code, none.Error, none.Message));
        Assert.Contains("authorization_uri=\"https://127.0.0.1:8443/adfs\"", none.Headers["WWW-Authenticate"]);
        Assert.Equal((401, "InvalidAuthenticationToken"), (forged.Code, forged.Error));
        Assert.Equal((401, "InvalidAuthenticationToken"), (nonsense.Code, nonsense.Error));
        Assert.Equal((401, "ExpiredAuthenticationToken"), (expired.Code, expired.Error));
        Assert.Equal("The access token expiry UTC time '1/1/2026 12:59:59 AM' is earlier than current UTC time '1/1/2026 1:01:00 AM'.", expired.Message);
    }

    [Fact]
    public async Task A_token_for_another_service_is_refused()
    {
        using var lab = await FaceLab.StartAsync();
        var token = await lab.PostFormAsync("/adfs/oauth2/token", ("grant_type", "client_credentials"), ("client_id", "app"), ("client_secret", "secret"), ("resource", "https://vault.azure.net"));

        lab.Token = (string)token.Json["access_token"]!;

        Assert.Equal((401, "InvalidAuthenticationTokenAudience"), ((await lab.GetAsync("/subscriptions")).Code, (await lab.GetAsync("/subscriptions")).Error));
    }

    [Theory]
    [InlineData("2015-01-01")]
    [InlineData("1.0")]
    public async Task Endpoints_are_told_as_an_object_to_old_clients(string version)
    {
        using var lab = await FaceLab.StartAsync();

        var endpoints = await lab.GetAsync($"/metadata/endpoints?api-version={version}");

        Assert.Equal($"{FaceLab.Base}/adfs", (string)endpoints.Json["authentication"]!["loginEndpoint"]!);
    }

    [Theory]
    [InlineData("2019-05-01")]
    [InlineData("2022-09-01")]
    public async Task Endpoints_are_told_as_a_list_to_new_clients(string version)
    {
        using var lab = await FaceLab.StartAsync();

        var endpoints = await lab.GetAsync($"/metadata/endpoints?api-version={version}");

        Assert.Equal($"{FaceLab.Base}/", (string)endpoints.Json[0]!["resourceManager"]!);
    }

    [Fact]
    public async Task Whoever_issues_tokens_can_be_discovered()
    {
        using var lab = await FaceLab.StartAsync();
        var tenant = lab.Cloud.World.Options.TenantId;

        var adfs = await lab.GetAsync("/adfs/.well-known/openid-configuration");
        var v2 = await lab.GetAsync($"/{tenant}/v2.0/.well-known/openid-configuration");
        var v1 = await lab.GetAsync($"/{tenant}/.well-known/openid-configuration");
        var keys = await lab.GetAsync($"/{tenant}/discovery/v2.0/keys");
        var instance = await lab.GetAsync("/common/discovery/instance?api-version=1.1");

        Assert.Equal($"{FaceLab.Base}/adfs/oauth2/token", (string)adfs.Json["token_endpoint"]!);
        Assert.Equal($"{FaceLab.Base}/{tenant}/oauth2/v2.0/token", (string)v2.Json["token_endpoint"]!);
        Assert.Equal($"{FaceLab.Base}/{tenant}/oauth2/token", (string)v1.Json["token_endpoint"]!);
        Assert.Equal("EC", (string)keys.Json["keys"]![0]!["kty"]!);
        Assert.Equal("127.0.0.1:8443", (string)instance.Json["metadata"]![0]!["preferred_network"]!);
    }
}
