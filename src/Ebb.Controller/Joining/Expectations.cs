using System.Collections.Immutable;
using Ebb.Kubernetes.Objects;

namespace Ebb.Controller.Joining;

/// <summary>Which machines are to come under which name with which token, until they have, or cannot any more.</summary>
/// <remarks>
/// What is expected is known to this process only. A token that outlives it ends by itself minutes later: so this needs no right to
/// read Secrets.
/// </remarks>
internal sealed class Expectations(JoinTokens tokens)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Expected> _expected = new(StringComparer.Ordinal);

    /// <summary>How many machines have a token and are not nodes yet.</summary>
    public int Pending
    {
        get
        {
            lock (_lock)
            {
                return _expected.Count;
            }
        }
    }

    /// <summary>A machine is to come under this name with this token.</summary>
    /// <param name="before">The Node object of that name as it was; null for none.</param>
    /// <param name="bears">Annotations that the node is to bear; empty ones are taken off.</param>
    public void Expect(string node, IssuedToken token, V1Node? before, params IEnumerable<KeyValuePair<string, string>> bears)
    {
        lock (_lock)
        {
            _expected[node] = new Expected(token, before?.Metadata.Uid, before?.Status?.NodeInfo?.BootID, Expected.UpSinceOf(before), [.. bears]);
        }
    }

    /// <summary>Null where nobody is to come under this name.</summary>
    public Expected? Of(string node)
    {
        lock (_lock)
        {
            return _expected.GetValueOrDefault(node);
        }
    }

    /// <summary>The token that was given out under this name, if any, is void from now.</summary>
    public Task WithdrawAsync(string node, CancellationToken ct) => Of(node) is { } expected ? WithdrawAsync(node, expected, ct) : Task.CompletedTask;

    /// <summary>Its token is void from now, and it is expected no more.</summary>
    public async Task WithdrawAsync(string node, Expected expected, CancellationToken ct)
    {
        if (expected.Token.Id is { } id)
        {
            await tokens.RevokeAsync(id, ct);
        }

        lock (_lock)
        {
            // Only now, for what could not be made void is tried again; and the machine may have been given another meanwhile.
            if (ReferenceEquals(_expected.GetValueOrDefault(node), expected))
            {
                _expected.Remove(node);
            }
        }
    }

    /// <summary>Forgets those whose token is over, and says their names.</summary>
    public ImmutableArray<string> TakeExpired(DateTimeOffset now)
    {
        lock (_lock)
        {
            ImmutableArray<string> expired = [.. from pair in _expected where pair.Value.Token.ExpiresAt <= now select pair.Key];
            foreach (var node in expired)
            {
                _expected.Remove(node);
            }

            return expired;
        }
    }
}

/// <param name="Uid">Of the Node object of that name as it was; null for none.</param>
/// <param name="BootId">Which boot of its machine that was of; null for none.</param>
/// <param name="UpSince">Since when that was ready; null when it was not.</param>
/// <param name="Bears">Annotations that the node is to bear; empty ones are taken off.</param>
internal sealed record Expected(IssuedToken Token, string? Uid, string? BootId, DateTimeOffset? UpSince, ImmutableArray<KeyValuePair<string, string>> Bears)
{
    /// <summary>
    /// Whether it is another object than before, or the same of another boot, or that has become ready since: of a machine that boots
    /// fast nobody says that it was not ready.
    /// </summary>
    public bool HasCome(V1Node node) =>
        node.Metadata.Uid != Uid || node.Status?.NodeInfo?.BootID != BootId || (UpSinceOf(node) is { } since && since != UpSince);

    public static DateTimeOffset? UpSinceOf(V1Node? node) =>
        node is not null && Rejoin.ReadyCondition(node) is { Status: "True", LastTransitionTime: { } at } ? at : null;
}
