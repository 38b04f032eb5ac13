using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Ebb.Cli.Sandboxes;
using Ebb.Clouds;
using AccessToken = Ebb.Clouds.Azure.AccessToken;
using TokenSource = Ebb.Clouds.Azure.TokenSource;

namespace Ebb.Cli.Clusters;

/// <summary>Gets tokens for the resource manager by Azure's own library.</summary>
internal static class AzureTokens
{
    /// <param name="client">Null: whatever Azure's own tools on this machine are signed in with, or the machine's identity.</param>
    /// <param name="tenant">Whose directory to sign in to, where the user's login knows several; null for the login's own.</param>
    /// <param name="http">Carries the requests to <paramref name="endpoint"/> where that is its own authority; null for the public cloud's.</param>
    public static TokenSource Source(AzureClient? client, Uri endpoint, HttpClient? http, string? tenant = null)
    {
        TokenCredential credential = client is null ? Chain(tenant) : Principal(client, endpoint, http);
        var request = new TokenRequestContext([new Uri(endpoint, ".default").AbsoluteUri]);
        return async ct =>
        {
            try
            {
                var token = await credential.GetTokenAsync(request, ct);
                return new AccessToken(token.Token, token.ExpiresOn);
            }
            catch (CredentialUnavailableException e)
            {
                throw new EbbException(
                    "There is no credential for Azure: sign in with 'az login', set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, "
                    + "or run on a machine with a managed identity.",
                    e);
            }
            catch (AuthenticationFailedException e) when (Unreachable(e) is { } trouble)
            {
                throw new CloudException($"Azure's sign-in does not answer: {FirstLine(trouble.Message)}", inner: e);
            }
            catch (AuthenticationFailedException e)
            {
                throw new EbbException(
                    $"Azure refused the credential: {FirstLine((e.InnerException ?? e).Message)} Sign in again, or renew the secret.", e);
            }
        };
    }

    private static DefaultAzureCredential Chain(string? tenant) => new(new DefaultAzureCredentialOptions
    {
        TenantId = tenant,

        // Editors keep tokens for another purpose, and looking for them costs seconds on a server.
        ExcludeVisualStudioCredential = true,
        ExcludeVisualStudioCodeCredential = true,
        ExcludeInteractiveBrowserCredential = true,

        // An authority of one's own is in no public list of authorities.
        DisableInstanceDiscovery = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("AZURE_AUTHORITY_HOST")),
    });

    private static ClientSecretCredential Principal(AzureClient client, Uri endpoint, HttpClient? http)
    {
        var options = new ClientSecretCredentialOptions { AuthorityHost = endpoint, DisableInstanceDiscovery = true };
        if (http is not null)
        {
            options.Transport = new HttpClientTransport(http);
        }

        return new ClientSecretCredential(client.Tenant, client.Id, client.Secret, options);
    }

    /// <summary>Why nothing answered; null when something did, and refused.</summary>
    private static Exception? Unreachable(Exception? e) => e switch
    {
        null => null,
        AggregateException many => many.InnerExceptions.Select(Unreachable).FirstOrDefault(inner => inner is not null),
        HttpRequestException => e.GetBaseException(),
        _ => Unreachable(e.InnerException),
    };

    private static string FirstLine(string message) => message.Split('\n', 2)[0].TrimEnd('\r', ' ');
}
