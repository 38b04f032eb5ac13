using System.Globalization;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Resources;
using Ebb.Sandbox.Cloud;

namespace Ebb.Sandbox.Azure;

/// <summary>Tokens of the identities that machines are given.</summary>
internal sealed class MachineIdentity(ResourceStore store, TokenIssuer issuer)
{
    private readonly CloudWorld _world = store.World;

    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(24);

    // The service hands the same token out again for most of its life.
    private readonly Dictionary<string, (string Token, DateTimeOffset IssuedAt)> _tokens = [];

    public ArmReply Token(ArmRequest r, ScaleSet set, Instance instance)
    {
        var resource = r.Query["resource"].ToString();
        if (resource.Length == 0)
        {
            return Error(400, "invalid_request", "Required audience parameter not specified");
        }

        if (!Uri.TryCreate(resource, UriKind.Absolute, out _))
        {
            return Error(400, "invalid_resource", $"AADSTS50001: The application named {resource} was not found in the tenant named {_world.Options.TenantId}.");
        }

        var (identity, refusal) = Choose(r, Identities(set));
        if (identity is null)
        {
            return refusal!;
        }

        var key = $"{instance.ResourceId} {identity.ClientId} {resource}";
        var now = _world.Agenda.Now;
        if (!_tokens.TryGetValue(key, out var kept) || now - kept.IssuedAt > TokenLifetime / 2 || r.Flag("bypass_cache"))
        {
            // Machines come and go; the tokens of those gone are not worth keeping.
            if (_tokens.Count > 10_000)
            {
                _tokens.Clear();
            }

            var issuerName = $"https://sts.windows.net/{_world.Options.TenantId}/";
            _tokens[key] = kept = (issuer.Issue(issuerName, resource, identity.ClientId, identity.ObjectId, TokenLifetime), now);
        }

        var expires = kept.IssuedAt + TokenLifetime;
        return new ArmReply(200, new JsonObject
        {
            ["access_token"] = kept.Token,
            ["refresh_token"] = "",
            ["expires_in"] = Text((long)(expires - now).TotalSeconds),
            ["expires_on"] = Text(expires.ToUnixTimeSeconds()),
            ["not_before"] = Text(kept.IssuedAt.ToUnixTimeSeconds()),
            ["resource"] = resource,
            ["token_type"] = "Bearer",
            ["client_id"] = identity.ClientId,
            ["ext_expires_in"] = Text((long)TokenLifetime.TotalSeconds),
        });
    }

    private List<Identity> Identities(ScaleSet set)
    {
        var found = new List<Identity>();
        if (set.Model["identity"] is not JsonObject identity)
        {
            return found;
        }

        var type = JsonRead.Text(JsonRead.Get(identity, "type")) ?? "";
        if (type.Contains("SystemAssigned", StringComparison.OrdinalIgnoreCase))
        {
            found.Add(new Identity("", Principals.ClientOf(set.ResourceId), Principals.PrincipalOf(set.ResourceId)));
        }

        if (type.Contains("UserAssigned", StringComparison.OrdinalIgnoreCase) && JsonRead.Get(identity, "userAssignedIdentities") is JsonObject assigned)
        {
            found.AddRange(assigned.Select(a =>
            {
                var (principal, client) = IdentityJson.Ids(store, a.Key);
                return new Identity(a.Key, client, principal);
            }));
        }

        return found;
    }

    private static (Identity? Identity, ArmReply? Refusal) Choose(ArmRequest r, List<Identity> identities)
    {
        string client = r.Query["client_id"].ToString(), principal = r.Query["object_id"].ToString();
        var resourceId = r.Query["msi_res_id"].ToString() is { Length: > 0 } msi ? msi : r.Query["mi_res_id"].ToString();
        if (new[] { client, principal, resourceId }.Count(s => s.Length > 0) > 1)
        {
            return (null, Error(400, "invalid_request", "Only one of client_id, object_id and msi_res_id may be given"));
        }

        Identity? found;
        if (client.Length + principal.Length + resourceId.Length > 0)
        {
            found = identities.Find(i =>
                i.ClientId.Equals(client, StringComparison.OrdinalIgnoreCase)
                || i.ObjectId.Equals(principal, StringComparison.OrdinalIgnoreCase)
                || (resourceId.Length > 0 && i.ResourceId.Equals(resourceId, StringComparison.OrdinalIgnoreCase)));
        }
        else
        {
            // The machine's own identity needs no name; neither does the only other one.
            found = identities.Find(i => i.ResourceId.Length == 0) ?? (identities.Count == 1 ? identities[0] : null);
            if (found is null && identities.Count > 1)
            {
                return (null, Error(400, "invalid_request", "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request"));
            }
        }

        return found is null ? (null, Error(400, "invalid_request", "Identity not found")) : (found, null);
    }

    public static ArmReply Error(int status, string error, string description) =>
        new(status, new JsonObject { ["error"] = error, ["error_description"] = description });

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <param name="ResourceId">Empty for the identity of the scale set itself.</param>
    private sealed record Identity(string ResourceId, string ClientId, string ObjectId);
}
