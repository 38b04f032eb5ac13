using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ebb.Kubernetes;
using Ebb.Kubernetes.Objects;

namespace Ebb.Joining;

/// <summary>The short-lived tokens with which machines ask for their first certificate.</summary>
/// <param name="group">Whom a token's holder is taken for: <see cref="Kubeadm"/> or <see cref="K3s"/>.</param>
public sealed class BootstrapTokens(KubeClient client, TimeProvider time, string group = BootstrapTokens.Kubeadm)
{
    /// <summary>The group to which kubeadm's objects, and ours, grant a node's certificate and nothing else.</summary>
    public const string Kubeadm = "system:bootstrappers:kubeadm:default-node-token";

    /// <summary>The group that k3s lets join as agents.</summary>
    public const string K3s = "system:bootstrappers:k3s:default-node-token";

    private const string Namespace = "kube-system";
    private const string NamePrefix = "bootstrap-token-";
    private const string SecretType = "bootstrap.kubernetes.io/token";
    private const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789";

    // Two billion ids, and a handful of tokens: a second attempt is for a server that forgot to say that the first worked.
    private const int MostAttempts = 3;

    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>Makes a token that nobody can guess.</summary>
    /// <param name="lifetime">A machine needs it for its first minutes only; a day at most.</param>
    public async Task<BootstrapToken> CreateAsync(TimeSpan lifetime, string description, CancellationToken ct)
    {
        if (lifetime <= TimeSpan.Zero || lifetime > Longest)
        {
            throw new EbbException($"A join token cannot be valid for {lifetime}. Give it up to {Longest.TotalHours:0} hours; minutes are enough.");
        }

        for (var attempt = 1; ; attempt++)
        {
            var token = new BootstrapToken(
                RandomNumberGenerator.GetString(Letters, 6), RandomNumberGenerator.GetString(Letters, 16), time.GetUtcNow() + lifetime);
            try
            {
                await client.CreateAsync(Resources.Secrets, SecretOf(token, description), WriteOptions.Default, ct);
                return token;
            }
            catch (KubeException e) when (e.Conflict && attempt < MostAttempts)
            {
                // The id is taken.
            }
        }
    }

    /// <summary>The tokens there are, without what makes them work.</summary>
    public async Task<ImmutableArray<BootstrapTokenEntry>> ListAsync(CancellationToken ct)
    {
        var selection = new Selection { Namespace = Namespace, FieldSelector = $"type={SecretType}" };
        var secrets = await client.ListAsync(Resources.Secrets, selection, fromCache: false, ct);
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
        client.DeleteAsync(Resources.Secrets, Namespace, NamePrefix + id, new(), ct);

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

    private V1Secret SecretOf(BootstrapToken token, string description) => new()
    {
        ApiVersion = "v1",
        Kind = "Secret",
        Metadata = new() { Name = NamePrefix + token.Id, Namespace = Namespace },
        Type = SecretType,
        StringData = new Dictionary<string, string>
        {
            ["token-id"] = token.Id,
            ["token-secret"] = token.Secret,
            ["expiration"] = token.ExpiresAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            ["usage-bootstrap-authentication"] = "true",
            ["usage-bootstrap-signing"] = "true",
            ["auth-extra-groups"] = group,
            ["description"] = description,
        },
    };

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
public sealed record BootstrapToken(string Id, string Secret, DateTimeOffset ExpiresAt)
{
    /// <summary>What the machine presents. Whoever has it can join a machine.</summary>
    public string Text => $"{Id}.{Secret}";

    /// <summary>Not a word of the secret.</summary>
    public override string ToString() => $"{Id}, until {ExpiresAt:u}";
}

/// <param name="ExpiresAt">Null: never, or not readable.</param>
public sealed record BootstrapTokenEntry(string Id, string Description, DateTimeOffset? ExpiresAt);
