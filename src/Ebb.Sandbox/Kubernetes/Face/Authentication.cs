using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ebb.Sandbox.Certificates;
using Ebb.Sandbox.Kubernetes.Api;
using Microsoft.AspNetCore.Http;

namespace Ebb.Sandbox.Kubernetes.Face;

/// <summary>Finds out who asks: a client certificate, a bearer token, or nobody in particular.</summary>
internal sealed class Authentication(KubeApi api, Authority authority, string? adminToken)
{
    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";
    private static readonly object UserKey = new();

    /// <exception cref="ApiException">401 for credentials that are wrong, 403 for posing as another without the right to.</exception>
    public User WhoIs(HttpContext http)
    {
        var user = FromToken(http, out var refused) ?? FromCertificate(http);
        if (user is null && refused)
        {
            // A wrong token is never taken for none: its bearer should know.
            throw Unauthorized();
        }

        user ??= User.Anonymous;
        if (!http.Request.Headers.ContainsKey("Impersonate-User") && http.Request.Headers.ContainsKey("Impersonate-Group"))
        {
            throw ApiException.Unforeseen("groups are impersonated without impersonating a user");
        }

        return http.Request.Headers.TryGetValue("Impersonate-User", out var other) ? Pose(user, other.ToString(), http) : user;
    }

    /// <param name="refused">There was a token, and it is nobody's.</param>
    private User? FromToken(HttpContext http, out bool refused)
    {
        const string bearer = "Bearer ";
        var header = http.Request.Headers.Authorization.ToString();
        refused = false;
        if (!header.StartsWith(bearer, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var token = header[bearer.Length..].Trim();
        if (adminToken is not null
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(adminToken)))
        {
            return User.Admin;
        }

        var user = api.Tokens.Check(token);
        refused = user is null;
        return user;
    }

    private User? FromCertificate(HttpContext http)
    {
        if (http.Connection.ClientCertificate is not { } certificate)
        {
            return null;
        }

        // Building the chain costs more than most requests; a connection keeps its certificate.
        var kept = http.Features.Get<Microsoft.AspNetCore.Connections.Features.IConnectionItemsFeature>()?.Items;
        if (kept is not null && kept.TryGetValue(UserKey, out var known))
        {
            return (User)known!;
        }

        if (!authority.Issued(certificate, client: true))
        {
            throw Unauthorized();
        }

        var user = Read(certificate.SubjectName);
        if (kept is not null)
        {
            kept[UserKey] = user;
        }

        return user;
    }

    private static User Read(X500DistinguishedName subject)
    {
        var name = "";
        var groups = new List<string>();
        foreach (var part in subject.EnumerateRelativeDistinguishedNames())
        {
            if (part.HasMultipleElements)
            {
                continue;
            }

            switch (part.GetSingleElementType().Value)
            {
                case CommonName:
                    name = part.GetSingleElementValue() ?? "";
                    break;
                case Organization:
                    groups.Add(part.GetSingleElementValue() ?? "");
                    break;
            }
        }

        return new User(name, [.. groups, "system:authenticated"]);
    }

    private static User Pose(User user, string name, HttpContext http)
    {
        if (!user.Groups.Contains("system:masters"))
        {
            throw ApiException.Forbidden(
                "users", name, $"User \"{user.Name}\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope");
        }

        return new User(name, [.. http.Request.Headers["Impersonate-Group"].OfType<string>(), "system:authenticated"]);
    }

    private static ApiException Unauthorized() => new(401, "Unauthorized", "Unauthorized");
}
