using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Ebb.Sandbox.Azure;

/// <summary>What clients ask before they have a token: where things are, who issues tokens, and a token.</summary>
internal sealed class LoginRoutes(CloudWorld world, AzureFaceOptions options, TokenIssuer issuer)
{
    // A form with a client's assertion is a few kilobytes.
    private const int MaxForm = 64 << 10;

    private static readonly TimeSpan TokenLifetime = TimeSpan.FromSeconds(3599);

    /// <summary>Null when the request is none of these.</summary>
    public async Task<ArmReply?> AnswerAsync(ArmRequest r, HttpRequest http, CancellationToken ct) => (r.Method, r.Lower) switch
    {
        ("GET", ["metadata", "endpoints"]) => new ArmReply(200, Endpoints(r)),
        ("GET", ["adfs", ".well-known", "openid-configuration"]) => new ArmReply(200, OpenId(r, "adfs", "/oauth2/token")),
        ("GET", [var tenant, ".well-known", "openid-configuration"]) => ForTenant(tenant, () => OpenId(r, tenant, "/oauth2/token")),
        ("GET", [var tenant, "v2.0", ".well-known", "openid-configuration"]) => ForTenant(tenant, () => OpenId(r, tenant, "/oauth2/v2.0/token")),
        ("GET", [_, "discovery", "keys"] or [_, "discovery", "v2.0", "keys"]) => new ArmReply(200, issuer.KeySet()),
        ("GET", ["common", "discovery", "instance"]) => new ArmReply(200, InstanceDiscovery(r)),
        ("POST", [_, "oauth2", "token"] or [_, "oauth2", "v2.0", "token"]) => await TokenAsync(r, http, r.Lower[0], ct),
        _ => null,
    };

    private ArmReply ForTenant(string tenant, Func<JsonNode> body) => IsTenant(tenant) ? new ArmReply(200, body()) : UnknownTenant(tenant);

    private bool IsTenant(string tenant) =>
        tenant is "adfs" or "common" or "organizations" || tenant.Equals(world.Options.TenantId, StringComparison.OrdinalIgnoreCase);

    private static JsonNode Endpoints(ArmRequest r)
    {
        var h = r.BaseUrl;
        if (r.ApiVersion is "2015-01-01" or "1.0")
        {
            return new JsonObject
            {
                ["galleryEndpoint"] = $"{h}/",
                ["graphEndpoint"] = $"{h}/",
                ["portalEndpoint"] = $"{h}/",
                ["authentication"] = new JsonObject { ["loginEndpoint"] = $"{h}/adfs", ["audiences"] = new JsonArray($"{h}/") },
            };
        }

        return new JsonArray(new JsonObject
        {
            ["name"] = "AzureStackCloud",
            ["portal"] = h,
            ["resourceManager"] = $"{h}/",
            ["graph"] = $"{h}/",
            ["graphAudience"] = $"{h}/",
            ["gallery"] = $"{h}/",
            ["batch"] = "",
            ["vmImageAliasDoc"] = $"{h}/aliases.json",
            ["microsoftGraphResourceId"] = $"{h}/",
            ["activeDirectoryDataLake"] = "",
            ["sqlManagement"] = "",
            ["media"] = "",
            ["ossrDbmsResourceId"] = "",
            ["logAnalyticsResourceId"] = "",
            ["authentication"] = new JsonObject
            {
                ["loginEndpoint"] = $"{h}/adfs",
                ["audiences"] = new JsonArray($"{h}/"),
                ["tenant"] = "adfs",
                ["identityProvider"] = "ADFS",
            },
            ["suffixes"] = new JsonObject
            {
                ["storage"] = "core.sandbox.local",
                ["keyVaultDns"] = "vault.sandbox.local",
                ["acrLoginServer"] = "azurecr.sandbox.local",
                ["sqlServerHostname"] = "",
                ["azureDataLakeStoreFileSystem"] = "",
                ["azureDataLakeAnalyticsCatalogAndJob"] = "",
            },
        });
    }

    private static JsonObject OpenId(ArmRequest r, string tenant, string token) => new()
    {
        ["issuer"] = $"{r.BaseUrl}/{tenant}",
        ["authorization_endpoint"] = $"{r.BaseUrl}/{tenant}/oauth2/authorize",
        ["token_endpoint"] = $"{r.BaseUrl}/{tenant}{token}",
        ["device_authorization_endpoint"] = $"{r.BaseUrl}/{tenant}/oauth2/devicecode",
        ["jwks_uri"] = $"{r.BaseUrl}/{tenant}/discovery/keys",
        ["token_endpoint_auth_methods_supported"] = new JsonArray("client_secret_post"),
        ["response_types_supported"] = new JsonArray("token"),
        ["subject_types_supported"] = new JsonArray("pairwise"),
        ["id_token_signing_alg_values_supported"] = new JsonArray("ES256"),
    };

    private JsonObject InstanceDiscovery(ArmRequest r)
    {
        var host = new Uri(r.BaseUrl).Authority;
        return new JsonObject
        {
            ["tenant_discovery_endpoint"] = $"{r.BaseUrl}/{world.Options.TenantId}/v2.0/.well-known/openid-configuration",
            ["api-version"] = "1.1",
            ["metadata"] = new JsonArray(new JsonObject
            {
                ["preferred_network"] = host,
                ["preferred_cache"] = host,
                ["aliases"] = new JsonArray(host),
            }),
        };
    }

    private async Task<ArmReply> TokenAsync(ArmRequest r, HttpRequest http, string tenant, CancellationToken ct)
    {
        if (!IsTenant(tenant))
        {
            return UnknownTenant(tenant);
        }

        var bytes = await ArmRequest.ReadBoundedAsync(http.Body, MaxForm, ct);
        if (bytes is null)
        {
            return Refuse(413, "invalid_request", 900144, "The request body is too large.");
        }

        var form = new FormCollection(QueryHelpers.ParseQuery(Encoding.UTF8.GetString(bytes)));
        var grant = form["grant_type"].ToString();
        if (grant != "client_credentials")
        {
            return Refuse(400, "unsupported_grant_type", 70003, $"The app requested an unsupported grant type '{grant}'.");
        }

        var clientId = form["client_id"].ToString();
        var app = options.Apps.FirstOrDefault(a => a.ClientId.Equals(clientId, StringComparison.OrdinalIgnoreCase));
        if (app is null)
        {
            return Refuse(400, "unauthorized_client", 700016, $"Application with identifier '{clientId}' was not found in the directory '{world.Options.TenantId}'.");
        }

        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(form["client_secret"].ToString()), Encoding.UTF8.GetBytes(app.Secret)))
        {
            return Refuse(401, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.");
        }

        var scope = form["scope"].ToString();
        var v1 = form.ContainsKey("resource");
        var resource = v1 ? form["resource"].ToString() : scope;
        if (!v1)
        {
            if (!scope.EndsWith("/.default", StringComparison.Ordinal))
            {
                return Refuse(400, "invalid_scope", 70011, $"The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid.");
            }

            resource = scope[..^"/.default".Length];
        }

        if (!Uri.TryCreate(resource, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http" or "api"))
        {
            return Refuse(400, "invalid_resource", 500011, $"The resource principal named {resource} was not found in the tenant named {world.Options.TenantId}.");
        }

        var token = issuer.Issue($"{r.BaseUrl}/{world.Options.TenantId}/", resource, app.ClientId, Principals.PrincipalOf(app.ClientId), TokenLifetime);
        var now = world.Agenda.Now.ToUnixTimeSeconds();
        var seconds = (long)TokenLifetime.TotalSeconds;
        return new ArmReply(200, v1
            ? new JsonObject
            {
                ["token_type"] = "Bearer",
                ["expires_in"] = $"{seconds}",
                ["ext_expires_in"] = $"{seconds}",
                ["expires_on"] = $"{now + seconds}",
                ["not_before"] = $"{now}",
                ["resource"] = resource,
                ["access_token"] = token,
            }
            : new JsonObject
            {
                ["token_type"] = "Bearer",
                ["expires_in"] = seconds,
                ["ext_expires_in"] = seconds,
                ["access_token"] = token,
            })
        { Headers = [("Cache-Control", "no-store, no-cache")] };
    }

    private ArmReply UnknownTenant(string tenant) =>
        Refuse(400, "invalid_request", 90002, $"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.");

    private ArmReply Refuse(int status, string error, int number, string description) => new(status, new JsonObject
    {
        ["error"] = error,
        ["error_description"] = $"AADSTS{number}: {description}",
        ["error_codes"] = new JsonArray(number),
        ["timestamp"] = $"{world.Agenda.Now.UtcDateTime:yyyy-MM-dd HH:mm:ssZ}",
        ["trace_id"] = Principals.PrincipalOf($"trace {number} {world.Agenda.Now.Ticks}"),
        ["correlation_id"] = Principals.PrincipalOf($"correlation {number} {world.Agenda.Now.Ticks}"),
    });
}
