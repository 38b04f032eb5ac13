namespace Ebb.Clouds.Azure;

/// <summary>A bearer token and when it ends. Never printed.</summary>
public sealed record AccessToken(string Token, DateTimeOffset ExpiresOn)
{
    public override string ToString() => $"token until {ExpiresOn:O}";
}

/// <summary>Asks whoever knows the user's credentials for a token that is good for the resource manager.</summary>
/// <remarks>Whoever implements it need not cache. It throws <see cref="EbbException"/> when a person must sign in.</remarks>
public delegate ValueTask<AccessToken> TokenSource(CancellationToken ct);

/// <summary>Keeps the token until shortly before its end.</summary>
internal sealed class TokenCache(TokenSource source, TimeProvider time)
{
    // Longer than any call may take, so that no token ends on the way.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private AccessToken? _token;

    public async ValueTask<AccessToken> GetAsync(CancellationToken ct)
    {
        AccessToken? held;
        lock (_lock)
        {
            held = _token;
        }

        if (held is not null && held.ExpiresOn - time.GetUtcNow() > Margin)
        {
            return held;
        }

        AccessToken fresh;
        try
        {
            fresh = await source(ct);
        }
        catch (Exception e) when (e is not OperationCanceledException && held is not null && held.ExpiresOn > time.GetUtcNow())
        {
            // The one we hold is still good: a token service that is down for a minute is no reason to stop.
            return held;
        }

        lock (_lock)
        {
            _token = fresh;
        }

        return fresh;
    }

    /// <summary>The cloud refused this token: the next call gets a new one.</summary>
    public void Forget(AccessToken refused)
    {
        lock (_lock)
        {
            if (ReferenceEquals(_token, refused))
            {
                _token = null;
            }
        }
    }
}
