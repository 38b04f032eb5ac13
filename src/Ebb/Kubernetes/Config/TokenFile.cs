using System.Net.Http.Headers;

namespace Ebb.Kubernetes.Config;

/// <summary>A bearer token in a file that somebody else keeps fresh.</summary>
internal sealed class TokenFile(string path, TimeProvider time)
{
    // The kubelet renews a pod's token when four fifths of its life have passed: minutes at the very least.
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private KubeCredential? _last;
    private long _readAt;

    public ValueTask<KubeCredential> GetAsync(KubeCredential? refused, CancellationToken ct)
    {
        lock (_lock)
        {
            if (_last is null || ReferenceEquals(refused, _last) || time.GetElapsedTime(_readAt) > Lifetime)
            {
                _last = Read();
                _readAt = time.GetTimestamp();
            }

            return ValueTask.FromResult(_last);
        }
    }

    private KubeCredential Read()
    {
        string token;
        try
        {
            token = File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // While it is being replaced the last token will do; if it will not, the server says so.
            return _last ?? throw new EbbException($"The token file '{path}' cannot be read: {e.Message}", e);
        }

        if (token.Length == 0)
        {
            return _last ?? throw new EbbException($"The token file '{path}' is empty.");
        }

        return new(Headers.Bearer(token, $"The token file '{path}'"), null, Renewable: true);
    }
}

internal static class Headers
{
    /// <param name="what">Where the token is from; the token itself is never shown.</param>
    public static AuthenticationHeaderValue Bearer(string token, string what) =>
        token.All(c => c is > ' ' and < '\x7f')
            ? new("Bearer", token)
            : throw new EbbException($"{what} holds characters that no token has, such as blanks or line breaks.");
}
