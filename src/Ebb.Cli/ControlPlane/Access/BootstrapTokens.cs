using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Kubernetes;

namespace Ebb.Cli.ControlPlane.Access;

/// <summary>The short-lived tokens with which machines ask for their first certificate.</summary>
internal sealed class BootstrapTokens(KubeClient admin, TimeProvider time)
{
    private const string Namespace = "kube-system";
    private const string NamePrefix = "bootstrap-token-";
    private const string SecretType = "bootstrap.kubernetes.io/token";
    private const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>Makes a token that nobody can guess.</summary>
    /// <param name="lifetime">A machine needs it for its first minutes only; a day at most.</param>
    public async Task<BootstrapToken> CreateAsync(TimeSpan lifetime, string description, CancellationToken ct)
    {
        if (lifetime <= TimeSpan.Zero || lifetime > Longest)
        {
            throw new EbbException($"A join token cannot be valid for {lifetime}. Give it up to {Longest.TotalHours:0} hours; minutes are enough.");
        }

        var token = new BootstrapToken(
            RandomNumberGenerator.GetString(Letters, 6), RandomNumberGenerator.GetString(Letters, 16), time.GetUtcNow() + lifetime);
        var content = new JsonObject
        {
            ["type"] = SecretType,
            ["stringData"] = new JsonObject
            {
                ["token-id"] = token.Id,
                ["token-secret"] = token.Secret,
                ["expiration"] = token.ExpiresAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
                ["usage-bootstrap-authentication"] = "true",
                ["usage-bootstrap-signing"] = "true",
                ["auth-extra-groups"] = BootstrapObjects.JoiningMachines,
                ["description"] = description,
            },
        };
        await new Manifest("v1", "Secret", "secrets", Namespace, NamePrefix + token.Id, content).ApplyAsync(admin, ct);
        return token;
    }

    /// <summary>The tokens there are, without what makes them work.</summary>
    public async Task<ImmutableArray<BootstrapTokenEntry>> ListAsync(CancellationToken ct)
    {
        var selection = new Selection { Namespace = Namespace, FieldSelector = $"type={SecretType}" };
        var secrets = await admin.ListAsync(Resources.Secrets, selection, fromCache: false, ct);
        return
        [
            .. from secret in secrets.Items
               where secret.Metadata.Name.StartsWith(NamePrefix, StringComparison.Ordinal)
               select new BootstrapTokenEntry(
                   secret.Metadata.Name[NamePrefix.Length..],
                   Text(secret.Data, "description") ?? "",
                   DateTimeOffset.TryParse(Text(secret.Data, "expiration"), CultureInfo.InvariantCulture, out var at) ? at : null),
        ];
    }

    /// <summary>Makes the token void at once; false when there is none.</summary>
    public Task<bool> RevokeAsync(string id, CancellationToken ct) =>
        admin.DeleteAsync(Resources.Secrets, Namespace, NamePrefix + id, new(), ct);

    /// <summary>Removes the tokens whose time is over. The controller manager does the same where its token cleaner runs.</summary>
    public async Task<int> RemoveExpiredAsync(CancellationToken ct)
    {
        var removed = 0;
        foreach (var token in await ListAsync(ct))
        {
            if (token.ExpiresAt <= time.GetUtcNow() && await RevokeAsync(token.Id, ct))
            {
                removed++;
            }
        }

        return removed;
    }

    private static string? Text(JsonElement? data, string key)
    {
        if (data is not { ValueKind: JsonValueKind.Object } all || !all.TryGetProperty(key, out var value))
        {
            return null;
        }

        return value.TryGetBytesFromBase64(out var bytes) ? Encoding.UTF8.GetString(bytes) : null;
    }
}

/// <summary>A token as it is handed to a machine.</summary>
internal sealed record BootstrapToken(string Id, string Secret, DateTimeOffset ExpiresAt)
{
    /// <summary>What the machine presents. Whoever has it can join a machine.</summary>
    public string Text => $"{Id}.{Secret}";

    /// <summary>Not a word of the secret.</summary>
    public override string ToString() => $"{Id}, until {ExpiresAt:u}";
}

/// <param name="ExpiresAt">Null: never, or not readable.</param>
internal sealed record BootstrapTokenEntry(string Id, string Description, DateTimeOffset? ExpiresAt);
